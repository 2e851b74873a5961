/* SPDX-License-Identifier: MIT */
/*
 * Which table a volume of the update runs on now.  Only looks.  A device counts as the trial's or
 * the merge's only over the very devices the record names; anything else is LIVE_OTHER, and no verb
 * touches it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "update/live.h"
#include "update/places.h"
#include "update/store.h"

enum live live_judge(const struct dm_state *state, struct map_disk origin, struct map_disk store,
		     uint32_t chunk_sectors)
{
	char linear[TABLE_PARAMS_MAX], snapshot[TABLE_PARAMS_MAX];

	if (!state->ours)
		return LIVE_OTHER;
	if (table_linear(linear, sizeof(linear), origin, 0) ||
	    table_snapshot(snapshot, sizeof(snapshot), origin, store, chunk_sectors))
		return LIVE_OTHER;
	switch (state->target) {
	case DM_LINEAR:
		return strcmp(state->table, linear) ? LIVE_OTHER : LIVE_ORIGIN;
	case DM_SNAPSHOT:
		return strcmp(state->table, snapshot) ? LIVE_OTHER : LIVE_TRIAL;
	case DM_SNAPSHOT_MERGE:
		return strcmp(state->table, snapshot) ? LIVE_OTHER : LIVE_MERGE;
	case DM_OTHER:
		break;
	}
	return LIVE_OTHER;
}

struct map_disk world_origin(const struct world *w, unsigned v)
{
	const struct part *part;

	if (places_origin(w, v, &part))
		return (struct map_disk){ 0, 0 };
	return (struct map_disk){ part->major, part->minor };
}

enum live world_live(const struct world *w, unsigned v, struct dm_state *ret_state)
{
	const struct record_volume *volume = &w->record.volume[v];
	struct map_disk store;
	int rc;

	rc = dm_state(volume->name, ret_state);
	if (rc == -ENXIO)
		return LIVE_NONE;
	/* In a container, for example, device-mapper does not answer; that says nothing of what runs. */
	if (rc) {
		*ret_state = (struct dm_state){ .target = DM_OTHER };
		return LIVE_UNKNOWN;
	}
	/* Over anything else than its own store's blocks it is not the update's. */
	if (store_mapped(w, v, &store))
		store = (struct map_disk){ 0, 0 };
	return live_judge(ret_state, world_origin(w, v), store, volume->chunk_sectors);
}

int world_live_known(const struct world *w)
{
	struct dm_state state;

	for (unsigned v = 0; v < w->record.volume_count; v++)
		if (world_live(w, v, &state) == LIVE_UNKNOWN)
			return fail_in(-EIO, "cannot tell what runs here");
	return 0;
}

unsigned world_count_live(const struct world *w, enum live live)
{
	struct dm_state state;
	unsigned count = 0;

	for (unsigned v = 0; v < w->record.volume_count; v++)
		if (world_live(w, v, &state) == live)
			count++;
	return count;
}
