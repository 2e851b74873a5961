/* SPDX-License-Identifier: MIT */
/*
 * Going on with a merge, to its end.  Holds I2: the record is `merging` before anything here runs,
 * and becomes idle only when every store is empty and every origin flushed.  Holds I14: and only when
 * every volume was read back from the medium and is right.
 */
#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"
#include "base/text.h"
#include "update/live.h"
#include "update/open.h"
#include "update/proof.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/transition.h"

/* The live tables become linear. REBOOT, with its line: one cannot, and the next boot maps it so. */
static enum outcome swap_to_linear(const struct world *w)
{
	struct dm_state state;

	for (unsigned v = 0; v < w->record.volume_count; v++) {
		const struct record_volume *volume = &w->record.volume[v];

		if (world_live(w, v, &state) == LIVE_ORIGIN)
			continue;
		if (dm_swap_to_linear(volume->name, state.readonly, state.size_sectors,
				      world_origin(w, v))) {
			log_warn("%s", fail_text());
			fail(EAGAIN, "merged all of %s; reboot, the next boot ends it",
			     w->record.version_to);
			return OUTCOME_REBOOT;
		}
	}
	return OUTCOME_DONE;
}

/* What this boot has written again, so that the result can tell of it. */
static bool count_mended(struct record *next)
{
	char text[24] = "";
	size_t len = 0;
	uint64_t chunks;

	if (sys_read_file(UPDATE_MENDED, text, sizeof(text), &len) || !len)
		return false;
	text[len - 1] = 0;	/* the newline */
	if (text_number(text, UINT64_MAX, &chunks))
		return false;
	record_written_again(next, chunks);
	return true;
}

/* One save: `proving`, where every init knows it. Elsewhere `merging` with empty stores says the same. */
static int begin_proving(struct world *w)
{
	const bool begins = w->record.phase != PHASE_PROVING && proof_may_be_recorded(w);
	struct record *next = world_edit(w);
	const bool counts = count_mended(next);
	int rc;

	if (!begins && !counts)
		return 0;
	if (begins)
		next->phase = PHASE_PROVING;
	rc = world_save(w, next);
	if (!rc && counts)
		(void)sys_unlink(UPDATE_MENDED);	/* if it stays, it is counted twice */
	return rc;
}

/*
 * What came of a proof that failed: one save, which counts it.  The stores stay, so the next boot writes
 * again what differs (update/mend.h).
 */
static enum outcome note_failed_proof(struct world *w, uint32_t differs)
{
	const char *version = w->record.version_to;
	struct record *next = world_edit(w);
	char why[FAIL_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", fail_text());
	log_error("%s", why);
	record_proof_failed(next, differs);
	if (world_save(w, next)) {
		fail_in(-EIO, "cannot note that %s is not proven", version);
		return OUTCOME_FAILED;
	}
	fail(EAGAIN, "cannot prove %s: %s; reboot, the next boot writes it again", version, why);
	return OUTCOME_REBOOT;
}

/* Another command may prove it first, meanwhile. */
static int read_unlocked(struct world *w, uint32_t *ret_differs, bool *ret_over)
{
	const uint64_t generation = w->record.generation;
	struct proof_read read;
	int rc = proof_read_unlocked(w, PROOF_OF_MERGE, &read);

	if (rc)
		return rc;
	*ret_over = w->record.phase != PHASE_MERGING && w->record.phase != PHASE_PROVING;
	if (*ret_over)
		return 0;
	if (w->record.generation != generation)
		return fail(EBUSY, "another command was at it meanwhile");
	*ret_differs = read.differs;
	return read.rc ? fail(-read.rc, "%s", read.line) : 0;
}

/*
 * The proof, of a merge whose stores are all empty, and the end of the update.  In this order:
 *
 *	the origins are flushed, and the live tables become linear;
 *	the boot loader is told: it must not name the old kernel any more when the record says `idle`;
 *	`proving` is saved, while the stores' data and the kept lists are all there;
 *	each volume is read from the medium and compared with the record (I14);
 *	the origins are flushed once more, for what a boot has written again in between;
 *	`idle` is saved, and only then the space, which the record names no more, is freed.
 *
 * A cut before `proving` leaves `merging` with empty stores, one before `idle` leaves `proving`: in both
 * the next boot compares every merged chunk with its store and writes again what the disk has lost
 * (I15), and the proof begins anew.  A disk that has lied about all these flushes, and loses the chunks
 * only when the space is gone, is the one thing that this does not find.
 */
static enum outcome prove(struct world *w, bool *ret_by_other)
{
	uint32_t differs = 0;
	int rc = begin_proving(w);

	if (rc)
		return OUTCOME_FAILED;
	rc = read_unlocked(w, &differs, ret_by_other);
	if (rc == -EBADMSG && differs)
		return note_failed_proof(w, differs);
	if (rc) {
		fail_in(rc, "cannot prove %s", w->record.version_to);
		return OUTCOME_FAILED;
	}
	return !*ret_by_other && settle_flush_origins(w) ? OUTCOME_FAILED : OUTCOME_DONE;
}

enum outcome update_finish(struct world *w, bool *ret_by_other)
{
	enum outcome end;

	*ret_by_other = false;
	if (settle_flush_origins(w))
		return OUTCOME_FAILED;
	end = swap_to_linear(w);
	if (end != OUTCOME_DONE)
		return end;
	if (slots_settle(w))
		return OUTCOME_FAILED;
	if (proof_can_be(&w->record)) {
		end = prove(w, ret_by_other);
		if (end != OUTCOME_DONE || *ret_by_other)
			return end;
	}
	/* ---- Point of no return: the update is over. ---- */
	if (settle_record(w, RESULT_MERGED, REASON_MERGED, ""))
		return OUTCOME_FAILED;
	if (settle_space(w))
		log_warn("%s; the next install gives the space back", fail_text());
	(void)sys_unlink(UPDATE_FLAG_MERGING);	/* if it stays, a unit starts for nothing */
	return OUTCOME_DONE;
}

/*
 * Sleeps and looks until every store is empty or something is not as it was.  Without the lock:
 * others may look and wait as well, and one of them may end the merge meanwhile.
 */
static int watch(const struct world *w, struct merging merging)
{
	const uint64_t begun_ms = sys_now_ms(), begun_sectors = merging.left_sectors;
	struct progress progress;
	int rc = 0;

	progress_begin(&progress, "merging", w->record.version_to,
		       merging.total_sectors * SECTOR_BYTES);
	while (!rc && world_count_live(w, LIVE_MERGE) == w->record.volume_count &&
	       !merging_look(w, &merging) && !merging.done) {
		progress_set(&progress,
			     (merging.total_sectors - merging.left_sectors) * SECTOR_BYTES);
		sys_sleep_ms(merging_pause_ms(begun_sectors, merging.left_sectors,
					      sys_now_ms() - begun_ms));
		rc = stop_asked();
	}
	progress_end(&progress);
	return rc ? fail_in(rc, "the kernel merges on") : 0;
}

static int watch_unlocked(struct world *w, struct merging *merging)
{
	int rc;

	world_unlock(w);
	rc = watch(w, *merging);
	if (!rc)
		rc = world_relock(w);
	if (rc)
		return rc;
	if (w->record.phase == PHASE_PROVING) {
		merging->done = true;
		return 0;
	}
	merging->over = merging->by_other = w->record.phase != PHASE_MERGING;
	return merging->over ? 0 : merging_look(w, merging);
}

static enum outcome refuse(const struct world *w)
{
	switch (w->record.phase) {
	case PHASE_TRIAL:
		fail(EBUSY, "cannot merge %s: it is not confirmed; boot it and run cowboot mark-good",
		     w->record.version_to);
		return OUTCOME_PHASE;
	case PHASE_STAGING:
		fail(EBUSY, "cannot merge %s: its install was cut; cowboot cancel drops it",
		     w->record.version_to);
		return OUTCOME_PHASE;
	default:
		fail(EALREADY, "nothing to merge: no update is pending");
		return OUTCOME_NOTHING;
	}
}

/* In proving the stores are not asked any more: what they say may be as old as what was lost. */
static int look(struct world *w, bool wait, struct merging *merging)
{
	int rc;

	if (w->record.phase == PHASE_PROVING) {
		merging->done = true;
		return 0;
	}
	if (world_count_live(w, LIVE_TRIAL)) {
		rc = world_kernel_check(w);
		if (rc)
			return fail_in(rc, "cannot merge %s", w->record.version_to);
		merging_swap(w);
	}
	rc = merging_look(w, merging);
	return !rc && !merging->done && wait ? watch_unlocked(w, merging) : rc;
}

enum outcome update_merge(struct world *w, bool wait, struct merging *ret_merging)
{
	struct merging merging = { .done = false };
	enum outcome end = OUTCOME_DONE;
	int rc;

	if (w->record.phase != PHASE_MERGING && w->record.phase != PHASE_PROVING)
		return refuse(w);
	if (w->misplaced) {
		fail(ESTALE, "cannot merge %s: %s", w->record.version_to, w->why_missing);
		return OUTCOME_FAILED;
	}
	rc = look(w, wait, &merging);
	if (rc)
		return rc == -EAGAIN ? OUTCOME_REBOOT : OUTCOME_FAILED;
	/* A proof takes its time, so it is for whoever waits; what cannot be proven is ended at once. */
	if (merging.done && !merging.over && (wait || !proof_can_be(&w->record))) {
		end = update_finish(w, &merging.by_other);
		merging.over = end == OUTCOME_DONE;
	}
	*ret_merging = merging;
	return end;
}
