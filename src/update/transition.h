/* SPDX-License-Identifier: MIT */
/*
 * The transitions: each change of an update's state is one function here, which checks all that it
 * can, then writes in the one order that its head tells.  Commands and recovery call these, with w
 * opened to change (update/open.h); what a boot changes by itself is init's (init/persist.c).
 *
 *	idle     -> staging    update_stage
 *	staging  -> trial      update_arm
 *	idle     -> trial      update_rollback
 *	staging  -> idle       update_undo, update_drop
 *	trial    -> merging    update_confirm
 *	trial    -> trial      update_refuse: the next boot drops it
 *	trial    -> idle       update_drop
 *	merging  -> proving    update_finish, with the proof; then idle
 *	merging, proving -> merging    update_turn_back, of what is kept
 *	proving  -> proving    update_finish, of a proof that failed: it is counted
 *	proving  -> idle       update_finish
 *	merging  -> idle       update_finish, of a store that came without a kept list
 *	any      -> idle       update_partial, with an origin that is not whole; update_whole ends that
 *	damaged  -> idle       update_anew
 *
 * None of them says anything to anybody: they return what came of it, and the words are in
 * base/fail.h.  Long work tells base/progress.h how far it is, and asks base/stop.h whether to end.
 */
#ifndef COWBOOT_UPDATE_TRANSITION_H
#define COWBOOT_UPDATE_TRANSITION_H

#include "bundle/reader.h"
#include "update/merging.h"
#include "update/world.h"

/*
 * How a transition ended.  base/fail.h then has a line for whoever asked, except with DONE; with REBOOT
 * as said below.
 */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_FAILED,
	OUTCOME_NOTHING,	/* nothing to do */
	OUTCOME_PHASE,		/* not in this phase */
	OUTCOME_REBOOT,		/* done, and goes on with a reboot */
};

/* What systemd's units look at; the record alone decides. */
#define UPDATE_FLAG_TRIAL "/run/cowboot/trial"
#define UPDATE_FLAG_MERGING "/run/cowboot/merging"

/* How many merged chunks this boot has written again, in decimal; until the record has it. */
#define UPDATE_MENDED "/run/cowboot/mended"

/* ---- install.c ---- */

/*
 * Whether an update may begin now; to be asked before its bundle is read.  An install that was cut is
 * dropped.  DONE also when a trial waits for its boot: the bundle may be that of this trial.
 */
enum outcome update_ready(struct world *w);

/*
 * Checks the bundle against the board, stages it, lays it down, reads it back, arms it; undoes all that
 * where any of it fails.  name is the bundle's, for messages; allow_downgrade: update/release.h.  REBOOT: it is armed; ret_already: it was
 * before, and only then there is a line.
 */
enum outcome update_install(struct world *w, struct bundle *bundle, const char *name,
			    bool allow_downgrade, bool *ret_already);

/* The steps of that, each negative with its line after a failure. */
int update_stage(struct world *w, const struct bundle_manifest *manifest,
		 const struct record_installed *found);
int update_arm(struct world *w);
void update_undo(struct world *w);

/* ---- confirm.c ---- */

/*
 * Confirms the trial that runs: after that there is no way back but what is
 * kept of the old system (update/undo.h).  Before, it reads every new volume from
 * the medium (update/proof.h), unless verify-trial says no; one that is not what was installed has the
 * trial refused, which is a failure too.  DONE: every volume merges, or is about to.  REBOOT: ret_waiting
 * of them do so from the next boot on.  NOTHING also where another command has confirmed it meanwhile.
 */
enum outcome update_confirm(struct world *w, unsigned *ret_waiting);

/* Without an update: this boot is good, and where boots are counted, the count begins anew. */
enum outcome update_note_good(struct world *w);

/* ---- rollback.c ---- */

/*
 * Arms what is kept as a trial of the old system, when the volumes and it together have that system's
 * digests.  NOTHING: nothing is kept.  REBOOT: it is armed; ret_already: it was before, and only then
 * there is a line.
 */
enum outcome update_rollback(struct world *w, bool *ret_already);

/* Gives the space of what is kept back.  NOTHING: nothing is kept. */
enum outcome update_forget(struct world *w);

/* ---- turn_back.c ---- */

/*
 * Recovery's, or a boot's, with no volume mapped: in merging or proving, gives up the update and makes what is kept the
 * one that is merged, from the next boot on.  It covers all that the merge may have written.  DONE: so it
 * is, for that reason, and nothing is kept any more.  NOTHING: nothing is kept, or no merge is pending.
 */
enum outcome update_turn_back(struct world *w, enum reason why);

/* ---- merge.c ---- */

/*
 * Goes on with the merge of a confirmed update: swaps to snapshot-merge what can be, looks, watches
 * to the end when wait, and then proves and ends it; what cannot be proven is ended without waiting,
 * too.  DONE: ret_merging says how far it is, and
 * whether it is over.  REBOOT: the next boot merges on.
 */
enum outcome update_merge(struct world *w, bool wait, struct merging *ret_merging);

/*
 * The end of a merge whose stores are all empty: proven, where it can be.  REBOOT: the proof has failed, or
 * a table could not be swapped; the next boot goes on.  ret_by_other: another command has ended it.
 */
enum outcome update_finish(struct world *w, bool *ret_by_other);

/* ---- drop.c ---- */

/* Drops what was not booted, and gives its space back. */
enum outcome update_drop(struct world *w);

/*
 * Refuses the trial; the next boot goes back.  reason: one line for the record.  DONE: the trial does
 * not run.  REBOOT: it does.
 */
enum outcome update_refuse(struct world *w, const char *reason);

/* Whether a reason is fit for the record, for logs and for JSON: one line of text, not empty. */
bool update_reason_ok(const char *reason);

/* ---- restore.c: recovery's ---- */

/*
 * The next boot ends in recovery, once.  0, or negative with its line.
 */
int update_ask_recovery(struct world *w);

/*
 * Before anything is written to the origin of a volume: one save ends whatever update is pending, and
 * notes the volume as not whole; while merging, every volume of the update is.  Then the stores'
 * space is given back.  No boot maps anything until update_whole (I3, I6, I12).  -ESTALE, and nothing
 * is saved: another partition is in the place of one of the update's volumes (I13).
 */
int update_partial(struct world *w, const char *volume);

/*
 * When all of it is on the medium: the volume is whole again, and the last result is that name was put
 * there.  version_from: what was there before, which update_partial has ended.
 */
int update_whole(struct world *w, const char *volume, const char *version_from, const char *name);

/* The version that an image takes the place of, by the record. */
const char *update_replaces(const struct record *rec);

/*
 * A new record over one that cannot be used, as a person has said (I4); w was opened by force.
 * NOTHING: this one can be read.
 */
enum outcome update_anew(struct world *w);

#endif
