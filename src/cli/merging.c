/* SPDX-License-Identifier: MIT */
/*
 * Driving the merge from the running system.
 *
 * Holds I2: the record is `merging` before anything here runs, and becomes idle only when every
 * store is empty and every origin flushed.  Holds I7: a device whose merge failed is not touched
 * again; the next boot reads its store afresh and merges on.
 */
#include "cli/merging.h"

#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "map/status.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/store.h"

#define POLL_MS 200	/* the kernel tells nobody when a merge ends */

unsigned merging_percent(uint64_t total_sectors, uint64_t left_sectors)
{
	uint64_t percent;

	if (!left_sectors)
		return 100;
	if (left_sectors >= total_sectors)
		return 0;
	/* Both shrink alike until the product fits. */
	while (total_sectors > UINT64_MAX / 100) {
		total_sectors >>= 1;
		left_sectors >>= 1;
	}
	percent = (total_sectors - left_sectors) * 100 / total_sectors;
	return percent < 100 ? (unsigned)percent : 99;
}

unsigned merging_swap(const struct board *b)
{
	const struct record *rec = &b->world.record;
	unsigned waiting = 0;

	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *volume = &rec->volume[v];
		struct dm_state state, store;
		char name[STORE_NAME_MAX];

		if (board_live(b, v, &state) != LIVE_TRIAL)
			continue;
		store_name(name, volume->name);
		if (dm_state(name, &store) ||
		    dm_swap_to_merge(volume->name, state.readonly, state.size_sectors,
				     board_origin(b, v), store.disk, volume->chunk_sectors)) {
			log_warn("%s", fail_text());
			waiting++;
		}
	}
	return waiting;
}

/* A volume that is plainly mapped while it merges: right only when its store is empty (I3). */
static int look_at_origin(const struct board *b, unsigned v)
{
	const char *name = b->world.record.volume[v].name;
	struct cow_found found;
	struct map_disk disk;
	int rc = store_map(&b->world, v, &disk);

	if (!rc)
		rc = store_check(&b->world, v, &found);
	if (rc)
		return fail_in(-EFAULT, "cannot merge %s, which is mapped without its store", name);
	if (found.exceptions)
		return fail(EFAULT, "cannot merge %s: it is mapped without its store, which still "
			    "holds %llu exceptions; reboot now", name,
			    (unsigned long long)found.exceptions);
	return 0;
}

static int look_at_merge(const struct record_volume *volume, const struct dm_state *state,
			 uint64_t *ret_left_sectors)
{
	struct snap_status status;

	if (status_parse(state->params, &status))
		return fail(EIO, "cannot merge %s: its status \"%s\" is not known; reboot, the "
			    "next boot merges on", volume->name, state->params);
	if (status.state != SNAP_OK)
		return fail(EIO, "cannot merge %s: the kernel says \"%s\" (see its log); reboot, "
			    "the next boot merges on", volume->name, state->params);
	*ret_left_sectors = status_exceptions(&status, volume->chunk_sectors) *
			    volume->chunk_sectors;
	/* A merge is done when the kernel says so, and not a chunk before. */
	if (!*ret_left_sectors && !status_merge_done(&status))
		*ret_left_sectors = volume->chunk_sectors;
	return 0;
}

int merging_look(const struct board *b, struct merging *ret_merging)
{
	const struct record *rec = &b->world.record;
	struct merging merging = { .done = true };
	int rc = 0, waiting = 0;

	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *volume = &rec->volume[v];
		uint64_t total_sectors = volume->exceptions * volume->chunk_sectors;
		uint64_t left_sectors = total_sectors;
		struct dm_state state;

		switch (board_live(b, v, &state)) {
		case LIVE_MERGE:
			rc = look_at_merge(volume, &state, &left_sectors);
			break;
		case LIVE_ORIGIN:
			rc = look_at_origin(b, v);
			left_sectors = 0;
			break;
		case LIVE_TRIAL:
			waiting++;
			break;
		case LIVE_NONE:
		case LIVE_OTHER:
			rc = fail(EFAULT, "cannot merge %s: /dev/mapper/%s is not over its "
				  "partition and its store; reboot, the next boot merges on",
				  volume->name, volume->name);
			break;
		}
		if (rc)
			return rc;
		merging.total_sectors += total_sectors;
		merging.left_sectors += left_sectors;
		if (left_sectors)
			merging.done = false;
	}
	*ret_merging = merging;
	if (waiting)
		return fail(EAGAIN, "cannot merge %d of the volumes before the next boot; reboot, "
			    "it merges on", waiting);
	return 0;
}

/*
 * Ends a merge whose stores are all empty. The lock is held. Order is everything (design, phases).
 */
static int finish(struct board *b)
{
	struct record *rec = &b->world.record;
	struct dm_state state;

	if (settle_flush_origins(&b->world))
		return cli_failed();
	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *volume = &rec->volume[v];

		if (board_live(b, v, &state) == LIVE_ORIGIN)
			continue;
		if (dm_swap_to_linear(volume->name, state.readonly, state.size_sectors,
				      board_origin(b, v))) {
			cli_failed();
			return cli_refuse(EXIT_REBOOT, "merged all of %s; reboot, the next boot "
					  "ends it", rec->version_to);
		}
	}
	/* `idle` must not be left with a loader that still names the old kernel. */
	if (slots_settle(&b->world))
		return cli_failed();
	/* ---- The line: the update is over. ---- */
	if (settle_record(&b->world, RESULT_MERGED, "confirmed and merged"))
		return cli_failed();
	if (settle_space(&b->world))
		log_warn("%s; the next install gives the space back", fail_text());
	sys_unlink(BOARD_FLAG_MERGING);
	printf("merged %s: it is the system now\n", rec->last.version_to);
	return cli_printed(EXIT_DONE);
}

/*
 * Sleeps and looks until every store is empty or something is not as it was.  Without the lock:
 * others may look and wait as well, and one of them may end the merge meanwhile.
 */
static void watch(struct board *b, const struct merging *begun)
{
	struct merging merging = *begun;
	struct progress progress;
	char what[RECORD_VERSION_MAX + 16];

	snprintf(what, sizeof(what), "merging %s", b->world.record.version_to);
	progress_begin(&progress, what, merging.total_sectors * SECTOR_BYTES);
	while (board_count_live(b, LIVE_MERGE) == b->world.record.volume_count &&
	       !merging_look(b, &merging) && !merging.done) {
		progress_set(&progress,
			     (merging.total_sectors - merging.left_sectors) * SECTOR_BYTES);
		sys_sleep_ms(POLL_MS);
	}
	progress_end(&progress);
}

int merging_run(struct board *b, bool wait)
{
	const struct record *rec = &b->world.record;
	struct merging merging;
	int rc;

	if (board_count_live(b, LIVE_TRIAL)) {
		rc = board_kernel_check();
		if (rc) {
			fail_in(rc, "cannot merge %s", rec->version_to);
			return cli_failed();
		}
		merging_swap(b);
	}
	rc = merging_look(b, &merging);
	if (!rc && !merging.done && wait) {
		board_unlock(b);
		watch(b, &merging);
		rc = board_relock(b);
		if (rc)
			return rc;
		if (rec->phase != PHASE_MERGING) {
			puts("merged: another command ended it");
			return cli_printed(EXIT_DONE);
		}
		rc = merging_look(b, &merging);
	}
	if (rc) {
		cli_failed();
		return rc == -EAGAIN ? EXIT_REBOOT : EXIT_FAILED;
	}
	if (merging.done)
		return finish(b);
	printf("merging %s: %u %%; cowboot merge --wait ends it\n", rec->version_to,
	       merging_percent(merging.total_sectors, merging.left_sectors));
	return cli_printed(EXIT_DONE);
}
