/* SPDX-License-Identifier: MIT */
/*
 * Which table a volume of the update runs on now.  Only looks.  A device counts as the trial's or
 * the merge's only over the very devices the record names; anything else is LIVE_OTHER, and no verb
 * touches it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/board.h"
#include "update/store.h"

enum live live_judge(const struct dm_state *state, struct map_disk origin, struct map_disk store,
		     uint32_t chunk_sectors)
{
	char linear[TABLE_PARAMS_MAX], snapshot[TABLE_PARAMS_MAX];

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

struct map_disk board_origin(const struct board *b, unsigned v)
{
	int i = world_volume(&b->world, v);

	if (i < 0 || !b->world.has_volume[i])
		return (struct map_disk){ 0, 0 };
	return (struct map_disk){ b->world.volume_part[i].major, b->world.volume_part[i].minor };
}

enum live board_live(const struct board *b, unsigned v, struct dm_state *ret_state)
{
	const struct record_volume *volume = &b->world.record.volume[v];
	struct dm_state store = { .disk = { 0, 0 } };
	char name[STORE_NAME_MAX];

	if (dm_state(volume->name, ret_state))
		return LIVE_NONE;
	store_name(name, volume->name);
	if (dm_state(name, &store))
		store.disk = (struct map_disk){ 0, 0 };
	return live_judge(ret_state, board_origin(b, v), store.disk, volume->chunk_sectors);
}

unsigned board_count_live(const struct board *b, enum live live)
{
	struct dm_state state;
	unsigned count = 0;

	for (unsigned v = 0; v < b->world.record.volume_count; v++)
		if (board_live(b, v, &state) == live)
			count++;
	return count;
}
