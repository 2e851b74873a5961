/* SPDX-License-Identifier: MIT */
/*
 * The devices of a merge, seen from the running system.  Must never run before the record is `merging`
 * (I2).  Holds I7: a device whose merge failed is not touched again; the next boot reads its store
 * afresh and merges on.
 */
#include "update/merging.h"

#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "map/status.h"
#include "update/live.h"
#include "update/store.h"

#define PAUSE_MIN_MS 5
#define PAUSE_MAX_MS 200

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

unsigned merging_pause_ms(uint64_t begun_sectors, uint64_t left_sectors, uint64_t elapsed_ms)
{
	const uint64_t gone = begun_sectors > left_sectors ? begun_sectors - left_sectors : 0;
	uint64_t pause_ms = elapsed_ms;

	if (elapsed_ms > UINT32_MAX || left_sectors > UINT32_MAX)
		return PAUSE_MAX_MS;
	if (gone)
		pause_ms = elapsed_ms * left_sectors / gone;
	pause_ms /= 2;
	if (pause_ms < PAUSE_MIN_MS)
		return PAUSE_MIN_MS;
	return pause_ms < PAUSE_MAX_MS ? (unsigned)pause_ms : PAUSE_MAX_MS;
}

unsigned merging_swap(const struct world *w)
{
	const struct record *rec = &w->record;
	unsigned waiting = 0;

	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *volume = &rec->volume[v];
		struct dm_state state;
		struct map_disk store;

		if (world_live(w, v, &state) != LIVE_TRIAL)
			continue;
		if (store_mapped(w, v, &store) ||
		    dm_swap_to_merge(volume->name, state.readonly, state.size_sectors,
				     world_origin(w, v), store, volume->chunk_sectors)) {
			log_warn("%s", fail_text());
			waiting++;
		}
	}
	return waiting;
}

/* A volume that is plainly mapped while it merges: right only when its store is empty (I3). */
static int look_at_origin(const struct world *w, unsigned v)
{
	const char *name = w->record.volume[v].name;
	struct cow_found found;

	if (store_check(w, v, &found))
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

int merging_look(const struct world *w, struct merging *ret_merging)
{
	const struct record *rec = &w->record;
	struct merging merging = { .done = true };
	int rc = 0, waiting = 0;

	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *volume = &rec->volume[v];
		uint64_t total_sectors = volume->exceptions * volume->chunk_sectors;
		uint64_t left_sectors = total_sectors;
		struct dm_state state;

		switch (world_live(w, v, &state)) {
		case LIVE_MERGE:
			rc = look_at_merge(volume, &state, &left_sectors);
			break;
		case LIVE_ORIGIN:
			rc = look_at_origin(w, v);
			left_sectors = 0;
			break;
		case LIVE_TRIAL:
			waiting++;
			break;
		case LIVE_NONE:
		case LIVE_OTHER:
		case LIVE_UNKNOWN:
			rc = fail(EFAULT, "cannot merge %s: " DM_DIR "%s is not over its "
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
