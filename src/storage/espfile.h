/* SPDX-License-Identifier: MIT */
/*
 * Small files on a mounted ESP (FAT, which has no journal).  A file appears under its name only when
 * all of it is on the medium, and nothing is ever changed in place: what a cut leaves is the old
 * names, or the old and the new.  Paths are whole.  Failures leave a line in base/fail.h.
 */
#ifndef COWBOOT_STORAGE_ESPFILE_H
#define COWBOOT_STORAGE_ESPFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Calls each for every name in dir but "." and "..", until one is not 0, and returns that.  -errno
 * when dir cannot be read.
 */
int espfile_each(const char *dir, int (*each)(void *ctx, const char *name), void *ctx);

/* Writes path: first whole under another name (path.new), flushed, and then renamed. */
int espfile_write(const char *path, const void *data, size_t len_bytes);

/* Makes an empty file of that size, in place of one that is there; dev_open opens it then. */
int espfile_create(const char *path, uint64_t size_bytes);

/* Removes a file, durably; none there is success. */
int espfile_remove(const char *path);

#endif
