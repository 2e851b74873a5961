/* SPDX-License-Identifier: MIT */
/*
 * A FAT file system (of 12, 16 or 32 bits), read without being mounted.  So a look at it changes
 * nothing, takes nothing from whoever has it mounted or is about to, and is seen by nobody (I17).
 *
 * Folders and the table of clusters are read through the device's cache, which is where Linux's FAT
 * changes them.  It writes the content of files past that cache, so that is read from the medium: a
 * file reads as it was when it was last written out.  Failures leave a line in base/fail.h.
 */
#ifndef COWBOOT_LOADER_FAT_H
#define COWBOOT_LOADER_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/dev.h"

#define FAT_NAME_BYTES 261

struct fat {
	struct dev dev, files;		/* the same device, through its cache and past it */
	unsigned bits;			/* of one number in the table: 12, 16 or 32 */
	uint32_t cluster_bytes;
	uint32_t clusters_end;		/* clusters are numbered from 2 to this, exclusive */
	uint32_t root_cluster;		/* with 32 bits */
	uint32_t root_bytes;		/* with 12 and 16 bits, where the root lies apart */
	uint64_t table_at, root_at, data_at;	/* bytes from the start of the device */
};

/* A file or a folder, as the folder that it is in names it. */
struct fat_file {
	char name[FAT_NAME_BYTES];
	bool is_dir;
	uint32_t cluster;		/* its first one; 0: it is empty, or the root */
	uint32_t size_bytes;		/* of a file */
};

/* Opens the file system on a partition. -EBADMSG: there is none. */
int fat_open(const char *device, struct fat *ret_fat);
void fat_close(struct fat *fat);

/* Finds a file or a folder by its path from the root, in letters of either case. -ENOENT: none. */
int fat_find(const struct fat *fat, const char *path, struct fat_file *ret_file);

/*
 * Calls take for each name in a folder, "." and ".." and names beyond ASCII left out, until one
 * returns what is not 0, and returns that.
 */
int fat_each(const struct fat *fat, const struct fat_file *dir,
	     int (*take)(void *ctx, const struct fat_file *file), void *ctx);

/* Reads the first len_bytes of a file, which is as long. */
int fat_read(const struct fat *fat, const struct fat_file *file, void *buf, size_t len_bytes);

#endif
