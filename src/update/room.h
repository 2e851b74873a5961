/* SPDX-License-Identifier: MIT */
/* Room for the stores of an update: files on `data`, or pieces of the partition for stores. */
#ifndef COWBOOT_UPDATE_ROOM_H
#define COWBOOT_UPDATE_ROOM_H

#include "update/world.h"

struct room {
	uint64_t part_start_sectors, part_size_sectors;
	uint64_t align_sectors;
	const struct extent *taken;	/* pieces of the partition that are not free */
	unsigned taken_count;
};

/*
 * Pure. One piece for each store, one after another on a partition, each beginning at a multiple of
 * align_sectors from the disk's start.  -ENOSPC: ret_need_sectors is what the partition would have
 * to have.
 */
int room_place(const struct room *room, const uint64_t *store_sectors, unsigned count,
	       struct extent *ret_extents, uint64_t *ret_need_sectors);

/*
 * Finds room on that partition for every store of the record in w, and notes it there, in memory only;
 * writes nothing into the room.  taken: other stores' pieces, where they are not files.  -ENOSPC, and
 * -E2BIG for a file in too many pieces; whatever fails, no file of them stays.
 */
int room_reserve(struct world *w, const struct part *part, const struct extent *taken,
		 unsigned taken_count);

#endif
