/* SPDX-License-Identifier: MIT */
/*
 * Judging what FIEMAP says, piece by piece. Pure; the ioctl is in extents.c.
 */
#ifndef COWBOOT_STORAGE_FIEMAP_H
#define COWBOOT_STORAGE_FIEMAP_H

#include <stdint.h>

#include "storage/extents.h"

struct fiemap_extent;	/* linux/fiemap.h */

struct fiemap_walk {
	uint64_t size_bytes;	/* of the file */
	uint64_t next_bytes;	/* the file is known up to here */
	struct extent *extents;	/* the caller's, of max */
	unsigned count, max;
};

/*
 * Takes the next found pieces, in the order of the kernel.  What begins at or after size_bytes is
 * passed over.  Errors as extents_of_file.
 */
int fiemap_take(struct fiemap_walk *walk, const struct fiemap_extent *found, unsigned count);

#endif
