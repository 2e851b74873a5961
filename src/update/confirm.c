/* SPDX-License-Identifier: MIT */
/*
 * Confirming a trial.  Holds I2 and I6: `merging` is durable before a table is swapped, and nothing
 * writes to an origin before.  There is no way back after the point of no return in confirm(), so all
 * that can be checked is checked before it.
 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "map/status.h"
#include "update/kept.h"
#include "update/live.h"
#include "update/places.h"
#include "update/proof.h"
#include "update/slots.h"
#include "update/store.h"
#include "update/transition.h"
#include "update/undo.h"

/* Whether the store file of volume v still lies where the device over it was mapped. */
static int check_place(const struct world *w, unsigned v)
{
	if (w->record.store_place == STORE_IN_FILES && !w->data_dir)
		return fail(ENODEV, "the store of %s is a file, and cannot be compared: cannot reach the "
			    "stores: data is not mounted", w->record.volume[v].name);
	return store_compare(w, v);
}

static int check_snapshot(const struct world *w, unsigned v)
{
	const struct record_volume *volume = &w->record.volume[v];
	struct snap_status status;
	struct dm_state state;

	if (world_live(w, v, &state) != LIVE_TRIAL)
		return fail(ESTALE, "%s is not a snapshot over its store", volume->name);
	if (status_parse(state.params, &status) || status.state != SNAP_OK)
		return fail(EIO, "the snapshot of %s is not sound: the kernel says \"%s\"",
			    volume->name, state.params);
	return 0;
}

/* What is confirmed is the kernel too, so it must be the one that runs. */
static int check_slot(const struct world *w)
{
	const struct record *rec = &w->record;

	if (!rec->slot || rec->slot == w->conf->slot)
		return 0;
	if (!w->conf->slot)
		return fail(ESTALE, "its kernel is in boot slot %c, and the boot loader does not say "
			    "which one this boot is from (cowboot.slot=)", rec->slot);
	return fail(ESTALE, "its kernel is in boot slot %c, and this boot is from %c", rec->slot,
		    w->conf->slot);
}

/* All that can be checked before the point of no return. Changes nothing. */
static int check_all(const struct world *w)
{
	const struct part *part;
	struct cow_found found;
	int rc = check_slot(w);

	if (!rc)
		rc = world_kernel_check(w);
	if (!rc)
		rc = places_stores(w, &part);
	for (unsigned v = 0; !rc && v < w->record.volume_count; v++) {
		rc = places_origin(w, v, &part);
		if (!rc)
			rc = check_snapshot(w, v);
		if (!rc)
			rc = check_place(w, v);
		if (!rc)
			rc = store_check(w, v, &found);
	}
	return rc;
}

/* Flag files for the units that wait for the merge; for cowboot the record alone decides. */
static void set_flags(void)
{
	int rc = sys_write_file(UPDATE_FLAG_MERGING, "", 0);

	if (rc)
		log_warn("cannot write %s: error %d", UPDATE_FLAG_MERGING, -rc);
	rc = sys_unlink(UPDATE_FLAG_TRIAL);
	if (rc && rc != -ENOENT)
		log_warn("cannot remove %s: error %d", UPDATE_FLAG_TRIAL, -rc);
}

static enum outcome nothing_changed(const struct world *w, int rc)
{
	fail_in(rc, "cannot confirm %s, nothing was changed", w->record.version_to);
	return OUTCOME_FAILED;
}

/* There was room for what is kept now only in the place of what was kept before, and it came to nothing. */
static enum outcome only_forgotten(const struct world *w, int rc)
{
	fail_in(rc, "cannot confirm %s, and what was kept before is gone", w->record.version_to);
	return OUTCOME_FAILED;
}

/*
 * The record; then the boot loader, because until the record is saved the old kernel is the way back;
 * then the tables.  What a cut after the record leaves undone, the next boot does.
 */
static enum outcome confirm(struct world *w, unsigned *ret_waiting)
{
	const bool had_kept = w->record.kept.volume_count != 0;
	struct record *next;
	int rc = check_all(w);

	if (!rc)
		rc = undo_make(w);
	if (rc && had_kept && !w->record.kept.volume_count)
		return only_forgotten(w, rc);
	if (rc)
		return nothing_changed(w, rc);
	next = world_edit(w);
	next->phase = PHASE_MERGING;
	record_release_confirm(next);
	undo_note(w, next);
	/* ---- Point of no return: from here on the old system is gone. ---- */
	rc = world_save(w, next);
	if (rc) {
		fail_in(rc, "cannot confirm %s", w->record.version_to);
		return OUTCOME_FAILED;
	}
	if (slots_settle(w))
		log_warn("%s; the next boot tells the boot loader", fail_text());
	if (had_kept)
		kept_sweep(w);
	set_flags();
	*ret_waiting = merging_swap(w);
	if (!*ret_waiting)
		return OUTCOME_DONE;
	fail(EAGAIN, "%u of %u volumes merge from the next boot on: reboot", *ret_waiting,
	     w->record.volume_count);
	return OUTCOME_REBOOT;
}

/* Whether the record and what runs are such that it may be confirmed. */
static enum outcome may_confirm(const struct world *w)
{
	const struct record *rec = &w->record;

	switch (rec->phase) {
	case PHASE_TRIAL:
		break;
	case PHASE_STAGING:
		fail(EBUSY, "cannot confirm %s: its install was cut; cowboot cancel drops it",
		     rec->version_to);
		return OUTCOME_PHASE;
	case PHASE_MERGING:
	case PHASE_PROVING:
		fail(EALREADY, "%s is confirmed already", rec->version_to);
		return OUTCOME_NOTHING;
	default:
		fail(EALREADY, "nothing to confirm: no update is pending");
		return OUTCOME_NOTHING;
	}
	if (rec->refused[0]) {
		fail(EBUSY, "cannot confirm %s: it was refused (%s); reboot to go back",
		     rec->version_to, rec->refused);
		return OUTCOME_PHASE;
	}
	if (w->misplaced) {
		fail(ESTALE, "cannot confirm %s: %s", rec->version_to, w->why_missing);
		return OUTCOME_FAILED;
	}
	if (world_live_known(w)) {
		fail_in(-EIO, "cannot confirm %s", rec->version_to);
		return OUTCOME_FAILED;
	}
	if (world_count_live(w, LIVE_TRIAL) != rec->volume_count) {
		fail(EBUSY, "cannot confirm %s: this boot does not run it; reboot first",
		     rec->version_to);
		return OUTCOME_PHASE;
	}
	return OUTCOME_DONE;
}

/* What is damaged can never be confirmed: the next boot goes back. */
static enum outcome refuse(struct world *w, uint32_t differs)
{
	char why[RECORD_REASON_MAX];

	proof_where(w, differs, why);
	if (update_refuse(w, why) == OUTCOME_FAILED)
		return OUTCOME_FAILED;
	fail(EBADMSG, "cannot confirm %s: %s; it is refused, reboot to go back", w->record.version_to,
	     why);
	return OUTCOME_FAILED;
}

/*
 * The trial is read whole, from the medium, and compared with what the bundle has promised: what was
 * lost since it was installed is found here, while there is a way back.  Without the lock, so whatever
 * the answer, all is asked once more.  What cannot be read is neither confirmed, for its merge could
 * never end, nor refused, for one request that failed says little: the trial goes on, and its tries
 * are counted.
 */
static enum outcome prove(struct world *w)
{
	uint8_t update_id[RECORD_ID_BYTES];
	struct proof_read read;
	enum outcome end;
	int rc = check_all(w);

	if (rc)
		return nothing_changed(w, rc);
	memcpy(update_id, w->record.update_id, sizeof(update_id));
	rc = proof_read_unlocked(w, PROOF_OF_TRIAL, &read);
	if (rc) {
		fail_in(rc, "cannot confirm the trial");
		return OUTCOME_FAILED;
	}
	end = may_confirm(w);
	if (end != OUTCOME_DONE)
		return end;
	if (memcmp(update_id, w->record.update_id, sizeof(update_id)))
		return nothing_changed(w, fail(EBUSY, "another command was at it meanwhile"));
	if (read.rc == -EBADMSG && read.differs)
		return refuse(w, read.differs);
	return read.rc ? nothing_changed(w, fail(-read.rc, "%s", read.line)) : OUTCOME_DONE;
}

enum outcome update_confirm(struct world *w, unsigned *ret_waiting)
{
	enum outcome end = may_confirm(w);

	if (end == OUTCOME_DONE && !w->conf->unproven_trials)
		end = prove(w);
	return end == OUTCOME_DONE ? confirm(w, ret_waiting) : end;
}

/* One save, or two where what was kept is too old. */
enum outcome update_note_good(struct world *w)
{
	struct record *next;

	if (kept_expire(w))
		log_warn("%s", fail_text());
	next = world_edit(w);
	if (!w->conf->recovery_after || (!next->recovery.idle_boots && !next->recovery.reboots)) {
		fail(EALREADY, "nothing to confirm: no update is pending");
		return OUTCOME_NOTHING;
	}
	next->recovery.idle_boots = 0;
	next->recovery.reboots = 0;
	if (!world_save(w, next))
		return OUTCOME_DONE;
	fail_in(-EIO, "cannot note that this boot is good");
	return OUTCOME_FAILED;
}
