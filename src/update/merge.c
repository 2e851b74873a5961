/* SPDX-License-Identifier: MIT */
/*
 * Going on with a merge, to its end.  Holds I2: the record is `merging` before anything here runs,
 * and becomes idle only when every store is empty and every origin flushed.
 */
#include <errno.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/sys.h"
#include "update/live.h"
#include "update/open.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/transition.h"

#define POLL_MS 200	/* the kernel tells nobody when a merge ends */

/*
 * In this order: the origins are flushed; the live tables become linear; the boot loader is told,
 * because it must not name the old kernel any more when the record says `idle`; the record is saved;
 * the space, which the record then no longer names, is freed. A cut anywhere before the record leaves
 * `merging` with empty stores, which a boot ends.
 */
enum outcome update_finish(struct world *w)
{
	struct record *rec = &w->record;
	struct dm_state state;

	if (settle_flush_origins(w))
		return OUTCOME_FAILED;
	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *volume = &rec->volume[v];

		if (world_live(w, v, &state) == LIVE_ORIGIN)
			continue;
		if (dm_swap_to_linear(volume->name, state.readonly, state.size_sectors,
				      world_origin(w, v))) {
			log_warn("%s", fail_text());
			fail(EAGAIN, "merged all of %s; reboot, the next boot ends it",
			     rec->version_to);
			return OUTCOME_REBOOT;
		}
	}
	if (slots_settle(w))
		return OUTCOME_FAILED;
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
static void watch(const struct world *w, struct merging merging)
{
	struct progress progress;

	progress_begin(&progress, "merging", w->record.version_to,
		       merging.total_sectors * SECTOR_BYTES);
	while (world_count_live(w, LIVE_MERGE) == w->record.volume_count &&
	       !merging_look(w, &merging) && !merging.done) {
		progress_set(&progress,
			     (merging.total_sectors - merging.left_sectors) * SECTOR_BYTES);
		sys_sleep_ms(POLL_MS);
	}
	progress_end(&progress);
}

static int watch_unlocked(struct world *w, struct merging *merging)
{
	int rc;

	world_unlock(w);
	watch(w, *merging);
	rc = world_relock(w);
	if (rc)
		return rc;
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

enum outcome update_merge(struct world *w, bool wait, struct merging *ret_merging)
{
	struct merging merging = { .done = false };
	enum outcome end;
	int rc;

	if (w->record.phase != PHASE_MERGING)
		return refuse(w);
	if (w->misplaced) {
		fail(ESTALE, "cannot merge %s: %s", w->record.version_to, w->why_missing);
		return OUTCOME_FAILED;
	}
	if (world_count_live(w, LIVE_TRIAL)) {
		rc = world_kernel_check(w);
		if (rc) {
			fail_in(rc, "cannot merge %s", w->record.version_to);
			return OUTCOME_FAILED;
		}
		merging_swap(w);
	}
	rc = merging_look(w, &merging);
	if (!rc && !merging.done && wait)
		rc = watch_unlocked(w, &merging);
	if (rc)
		return rc == -EAGAIN ? OUTCOME_REBOOT : OUTCOME_FAILED;
	end = merging.done && !merging.over ? update_finish(w) : OUTCOME_DONE;
	merging.over = merging.over || (merging.done && end == OUTCOME_DONE);
	*ret_merging = merging;
	return end;
}
