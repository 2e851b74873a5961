/* SPDX-License-Identifier: MIT */
/* Blocks for a store file: as many as are needed once the extents are aligned. */
#ifndef COWBOOT_STORAGE_RESERVE_H
#define COWBOOT_STORAGE_RESERVE_H

#include <stdint.h>

#include "storage/extents.h"

struct reserve {
	int fd;				/* the new, empty file, open for writing */
	const char *dir;		/* where it is: for the free space */
	uint64_t need_sectors;
	uint64_t part_start_sectors;
	uint32_t io_min_bytes;
	struct extent *extents;		/* the caller's, of max */
	unsigned max;
};

/* Bytes that are free in dir for anyone but root. */
int reserve_free(const char *dir, uint64_t *ret_bytes);

/*
 * Grows the file, every extent losing its head to alignment, until need_sectors are left, and syncs
 * it; r->extents then are exactly those.  -ENOSPC leaves no text in base/fail.h, other errors do.
 * -E2BIG: more than max extents, or a few rounds did not help.
 */
int reserve_aligned(const struct reserve *r, unsigned *ret_count);

#endif
