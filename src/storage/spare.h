/* SPDX-License-Identifier: MIT */
/*
 * A disk or file that a person has given to be written over, opened in every way that a measurement
 * needs.  Says nothing of whether it may be: that is the caller's to find out, before spare_open.
 */
#ifndef COWBOOT_STORAGE_SPARE_H
#define COWBOOT_STORAGE_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/block.h"
#include "storage/dev.h"

struct spare {
	struct dev dev;			/* for writing, through the cache */
	struct dev medium;		/* for reading, past it */
	struct dev alone;		/* of a block device: keeps mounts and device-mapper away */
	int direct_fd, durable_fd;
	bool is_direct;			/* false: the file system knows no writes past the cache */
};

#define SPARE_CLOSED { .dev = DEV_CLOSED, .medium = DEV_CLOSED, .alone = DEV_CLOSED, \
		       .direct_fd = -1, .durable_fd = -1 }

/* What path is: a regular file, or a block device with the kernel's name of it. -ENOENT, -EINVAL. */
int spare_look(const char *path, bool *ret_is_file, char ret_name[BLOCK_NAME_MAX]);

/* Makes a file of that size, which must not be there, with all its blocks. */
int spare_make(const char *path, uint64_t size_bytes);

/*
 * Opens it.  -EBUSY: a block device that is mounted, mapped or in other use, or a file that a loop
 * device is over.  ret_spare is to be closed either way.
 */
int spare_open(const char *path, struct spare *ret_spare);
void spare_close(struct spare *s);

/*
 * All of len_bytes, a whole number of blocks of 4096 bytes, from memory at such a boundary, past the
 * cache.  Durable: by itself, without a flush, when this returns 0.
 */
int spare_write(const struct spare *s, bool durable, uint64_t offset_bytes, const void *data,
		size_t len_bytes);

#endif
