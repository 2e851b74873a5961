/* SPDX-License-Identifier: MIT */
/*
 * Extents of a file, and their alignment.  Must never return less of the file than was asked for:
 * what lies past the last extent would be somebody else's blocks.
 */
#include "storage/extents.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>

#include "base/bytes.h"
#include "base/control.h"
#include "base/fail.h"
#include "storage/fiemap.h"

#define BATCH 64

/* Asks once, from where the walk is. ret_more is false when the kernel has no more to tell. */
static int take_batch(int fd, struct fiemap_walk *walk, bool *ret_more)
{
	union {
		struct fiemap map;
		uint8_t room[sizeof(struct fiemap) + BATCH * sizeof(struct fiemap_extent)];
	} ask;
	int rc;

	memset(&ask, 0, sizeof(ask));
	ask.map.fm_start = walk->next_bytes;
	ask.map.fm_length = FIEMAP_MAX_OFFSET - walk->next_bytes;
	ask.map.fm_flags = FIEMAP_FLAG_SYNC;
	ask.map.fm_extent_count = BATCH;
	rc = control(fd, FS_IOC_FIEMAP, &ask.map);
	if (rc)
		return fail_sys(-rc, "the file system does not say where the file lies");
	*ret_more = ask.map.fm_mapped_extents > 0;
	return fiemap_take(walk, ask.map.fm_extents, ask.map.fm_mapped_extents);
}

int extents_of_file(int fd, uint64_t size_bytes, struct extent *ret_extents, unsigned max,
		    unsigned *ret_count)
{
	struct fiemap_walk walk = { .size_bytes = size_bytes, .extents = ret_extents, .max = max };
	bool more = true;

	if (!size_bytes)
		return fail(EINVAL, "the file is empty");
	/* Ends: each batch moves next_bytes on, or is empty. */
	while (more && walk.next_bytes < size_bytes) {
		int rc = take_batch(fd, &walk, &more);

		if (rc)
			return rc;
	}
	if (walk.next_bytes < size_bytes)
		return fail(EINVAL, "a hole at byte %" PRIu64 " of the file", walk.next_bytes);
	*ret_count = walk.count;
	return 0;
}

/* Sectors to skip until a multiple of unit sectors, counted from the disk's start. */
static uint64_t head_sectors(uint64_t start_sectors, uint64_t part_start_sectors, uint64_t unit)
{
	uint64_t over = (start_sectors % unit + part_start_sectors % unit) % unit;

	return over ? unit - over : 0;
}

static struct extent cut_head(const struct extent *extent, uint64_t part_start_sectors,
			      uint64_t unit)
{
	uint64_t head = head_sectors(extent->start_sectors, part_start_sectors, unit);

	if (head >= extent->size_sectors)
		return (struct extent){ 0, 0 };
	return (struct extent){ extent->start_sectors + head, extent->size_sectors - head };
}

int extents_align(struct extent *extents, unsigned *count, uint64_t part_start_sectors,
		  uint32_t io_min_bytes, uint64_t need_sectors, uint64_t *ret_have_sectors)
{
	uint64_t unit = io_min_bytes > SECTOR_BYTES ? io_min_bytes / SECTOR_BYTES : 1;
	uint64_t have = 0, left = need_sectors;
	unsigned kept = 0;

	for (unsigned i = 0; i < *count; i++)
		have += cut_head(&extents[i], part_start_sectors, unit).size_sectors;
	*ret_have_sectors = have;
	if (have < need_sectors)
		return -ENOSPC;
	for (unsigned i = 0; i < *count && left; i++) {
		struct extent cut = cut_head(&extents[i], part_start_sectors, unit);

		if (!cut.size_sectors)
			continue;
		if (cut.size_sectors > left)
			cut.size_sectors = left;
		left -= cut.size_sectors;
		extents[kept++] = cut;
	}
	*count = kept;
	return 0;
}
