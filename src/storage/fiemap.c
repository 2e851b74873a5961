/* SPDX-License-Identifier: MIT */
/*
 * Which extents of a file may be mapped with no file system between.  Must never pass one whose
 * blocks are not surely there, surely raw and surely this file's alone.
 *
 * UNWRITTEN is allowed: ext4 gives the true blocks, and device-mapper writes them below the file
 * system, for which they stay zeros.  MERGED is allowed: it says nothing of where the blocks are.
 */
#include "storage/fiemap.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/fail.h"

static const struct {
	uint32_t flag;
	const char *word;
} refused[] = {
	{ FIEMAP_EXTENT_UNKNOWN, "of unknown place" },
	{ FIEMAP_EXTENT_DELALLOC, "not allocated yet" },
	{ FIEMAP_EXTENT_ENCODED, "encoded" },
	{ FIEMAP_EXTENT_DATA_ENCRYPTED, "encrypted" },
	{ FIEMAP_EXTENT_NOT_ALIGNED, "not aligned" },
	{ FIEMAP_EXTENT_DATA_INLINE, "inline" },
	{ FIEMAP_EXTENT_DATA_TAIL, "a packed tail" },
	{ FIEMAP_EXTENT_SHARED, "shared with another file" },
};

static int check(const struct fiemap_walk *walk, const struct fiemap_extent *fe)
{
	uint64_t at = fe->fe_logical;

	if (at > walk->next_bytes)
		return fail(EINVAL, "a hole at byte %" PRIu64 " of the file", walk->next_bytes);
	if (at < walk->next_bytes)
		return fail(EINVAL, "two extents for byte %" PRIu64 " of the file", at);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (fe->fe_flags & refused[i].flag)
			return fail(EINVAL, "the extent at byte %" PRIu64 " of the file is %s", at,
				    refused[i].word);
	if (!fe->fe_physical)
		return fail(EINVAL, "the extent at byte %" PRIu64 " of the file has no place", at);
	if (!fe->fe_length || fe->fe_length % SECTOR_BYTES || fe->fe_physical % SECTOR_BYTES)
		return fail(EINVAL, "the extent at byte %" PRIu64 " of the file is not of whole "
			    "sectors", at);
	if (fe->fe_length > UINT64_MAX - at || fe->fe_length > UINT64_MAX - fe->fe_physical)
		return fail(EINVAL, "the extent at byte %" PRIu64 " of the file has no end", at);
	return 0;
}

static int keep(struct fiemap_walk *walk, uint64_t start_sectors, uint64_t size_sectors)
{
	if (walk->count) {
		struct extent *last = &walk->extents[walk->count - 1];

		if (last->start_sectors + last->size_sectors == start_sectors) {
			last->size_sectors += size_sectors;
			return 0;
		}
	}
	if (walk->count == walk->max)
		return fail(E2BIG, "the file lies in more than %u pieces", walk->max);
	walk->extents[walk->count++] = (struct extent){ start_sectors, size_sectors };
	return 0;
}

int fiemap_take(struct fiemap_walk *walk, const struct fiemap_extent *found, unsigned count)
{
	for (unsigned i = 0; i < count && walk->next_bytes < walk->size_bytes; i++) {
		const struct fiemap_extent *fe = &found[i];
		int rc = check(walk, fe);

		if (!rc)
			rc = keep(walk, fe->fe_physical / SECTOR_BYTES,
				  fe->fe_length / SECTOR_BYTES);
		if (rc)
			return rc;
		walk->next_bytes = fe->fe_logical + fe->fe_length;
	}
	return 0;
}
