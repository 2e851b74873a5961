/* SPDX-License-Identifier: MIT */
/*
 * Blocks that the ext4 in an image says are free: nobody reads them, so an update may leave there what
 * the old image has.  That makes another image, and it is this one that the board then has.
 */
#ifndef COWBOOT_HOST_FREE_BLOCKS_H
#define COWBOOT_HOST_FREE_BLOCKS_H

#include "host/file.h"

struct free_blocks {
	uint8_t *bits;			/* one for each block of the file system: it is free */
	uint64_t blocks;
	uint32_t block_bytes;		/* a power of two from 1024 to 65536 */
};

/*
 * Finds them by the file system's own bitmaps.  A block that anything refers to is never free: the
 * metadata, and what every inode has.  -ENOTSUP with the bare reason in base/fail.h: none is known to
 * be free in this image.  free_blocks_drop either way.
 */
int free_blocks_find(const struct dev *image, struct free_blocks *ret_blocks);
void free_blocks_drop(struct free_blocks *blocks);

/* How many of NEW's free blocks lie in OLD too and are not the same there. */
int free_blocks_count(const struct free_blocks *blocks, const struct dev *old_image,
		      const struct dev *new_image, uint64_t *ret_count);

/* Writes NEW to path, but each free block as OLD has it; those that OLD does not reach to stay. */
int free_blocks_write(const struct free_blocks *blocks, const struct dev *old_image,
		      const struct dev *new_image, const char *path);

#endif
