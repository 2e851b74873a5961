/* SPDX-License-Identifier: MIT */
/* Where stores go.  Must never give out a sector twice. */
#include "update/room.h"

#include <errno.h>
#include <inttypes.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "storage/storefile.h"
#include "update/store.h"

/* The first sector from there on, from the disk's start, with so much room behind it. */
static uint64_t next_free(const struct room *room, uint64_t at_sectors, uint64_t size_sectors)
{
	for (bool moved = true; moved;) {
		const uint64_t over = at_sectors % room->align_sectors;

		if (over)
			at_sectors += room->align_sectors - over;
		moved = false;
		for (unsigned i = 0; i < room->taken_count; i++) {
			const struct extent *taken = &room->taken[i];
			const uint64_t start = room->part_start_sectors + taken->start_sectors;

			if (start < at_sectors + size_sectors && at_sectors < start + taken->size_sectors) {
				at_sectors = start + taken->size_sectors;
				moved = true;
			}
		}
	}
	return at_sectors;
}

int room_place(const struct room *room, const uint64_t *store_sectors, unsigned count,
	       struct extent *ret_extents, uint64_t *ret_need_sectors)
{
	const uint64_t end_sectors = room->part_start_sectors + room->part_size_sectors;
	uint64_t at_sectors = room->part_start_sectors;
	bool fits = true;

	for (unsigned i = 0; i < count; i++) {
		at_sectors = next_free(room, at_sectors, store_sectors[i]);
		if (at_sectors > end_sectors || store_sectors[i] > end_sectors - at_sectors)
			fits = false;
		else
			ret_extents[i] = (struct extent){ at_sectors - room->part_start_sectors,
							  store_sectors[i] };
		at_sectors += store_sectors[i];
	}
	*ret_need_sectors = at_sectors - room->part_start_sectors;
	return fits ? 0 : -ENOSPC;
}

/*
 * The disk's io_min; or a larger chunk that is a multiple of it, so that chunks begin at multiples of
 * their own size.
 */
static uint64_t raw_align_sectors(const struct record *rec, const struct part *part)
{
	uint64_t align = part->io_min_bytes / SECTOR_BYTES;

	if (!align)
		align = 1;
	for (unsigned v = 0; v < rec->volume_count; v++) {
		uint32_t chunk_sectors = rec->volume[v].chunk_sectors;

		if (chunk_sectors > align && chunk_sectors % align == 0)
			align = chunk_sectors;
	}
	return align;
}

static int reserve_raw(struct record *rec, const struct part *part, const struct extent *taken,
		       unsigned taken_count)
{
	const struct room room = { part->start_sectors, part->size_sectors,
				   raw_align_sectors(rec, part), taken, taken_count };
	uint64_t store_sectors[RECORD_VOLUMES_MAX], need_sectors;
	int rc;

	for (unsigned v = 0; v < rec->volume_count; v++)
		store_sectors[v] = rec->volume[v].store_sectors;
	rc = room_place(&room, store_sectors, rec->volume_count, rec->extent, &need_sectors);
	if (rc)
		return fail(ENOSPC, "its stores need %" PRIu64 " KiB, the partition %s has %" PRIu64
			    " KiB", need_sectors / 2, part->path, part->size_sectors / 2);
	for (unsigned v = 0; v < rec->volume_count; v++) {
		rec->volume[v].extent_first = v;
		rec->volume[v].extent_count = 1;
	}
	rec->extent_count = rec->volume_count;
	return 0;
}

/* What was made of them until one found no room. */
static void take_away(const struct world *w, const struct store_dir *dir, unsigned count)
{
	char name[STOREFILE_NAME_MAX];

	for (unsigned v = 0; v < count; v++)
		(void)storefile_remove(dir, store_file(name, w, v));	/* a sweep finds it later */
}

static int reserve_files(struct world *w, const struct part *part)
{
	struct record *rec = &w->record;
	struct place_folder folder;
	char name[STOREFILE_NAME_MAX];
	struct store_dir dir;
	int rc = world_store_dir(w, &dir);

	if (!rc)
		rc = storedir_folder(&dir, &folder);
	if (!rc)
		rec->store_dir_inode = folder.inode;
	for (unsigned v = 0; !rc && v < rec->volume_count; v++) {
		struct record_volume *volume = &rec->volume[v];

		rc = storefile_create(&dir, store_file(name, w, v), volume->store_sectors, part->start_sectors,
				      part->io_min_bytes, &rec->extent[rec->extent_count],
				      RECORD_EXTENTS_MAX - rec->extent_count,
				      &volume->extent_count);
		if (rc)
			take_away(w, &dir, v);
		if (rc)
			break;
		volume->extent_first = rec->extent_count;
		rec->extent_count += volume->extent_count;
	}
	return rc;
}

static void forget(struct record *rec)
{
	rec->extent_count = 0;
	for (unsigned v = 0; v < rec->volume_count; v++)
		rec->volume[v].extent_first = rec->volume[v].extent_count = 0;
}

int room_reserve(struct world *w, const struct part *part, const struct extent *taken,
		 unsigned taken_count)
{
	int rc;

	forget(&w->record);
	rc = w->record.store_place == STORE_ON_PARTITION ?
	     reserve_raw(&w->record, part, taken, taken_count) : reserve_files(w, part);
	if (rc)
		forget(&w->record);
	return rc;
}
