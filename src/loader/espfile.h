/* SPDX-License-Identifier: MIT */
/*
 * Small files on a mounted ESP (FAT, which has no journal).  What each of these makes durable, and
 * when, is what loader/esp.c builds on.  Paths are whole.  Failures leave a line in base/fail.h.
 */
#ifndef COWBOOT_LOADER_ESPFILE_H
#define COWBOOT_LOADER_ESPFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Calls each for every name in dir but "." and "..", until one is not 0, and returns that.  -errno
 * when dir cannot be read.
 */
int espfile_each(const char *dir, int (*each)(void *ctx, const char *name), void *ctx);

/* The longest content of a file that is made or blanked. */
#define ESPFILE_TEXT_MAX 512

/*
 * Makes path, which must not be there: first with blanks, durably, then with its content, durably.
 * So who finds the content in it finds a file that is all on the medium.
 */
int espfile_make(const char *path, const void *data, size_t len_bytes);

/* Puts blanks (comment signs) over all of a file's content, in place, durably. */
int espfile_blank(const char *path);

/* Removes a file, not yet durably; none there is success. */
int espfile_unlink(const char *path);

/* Makes durable what was done to the file system of that directory. */
int espfile_flush(const char *dir);

/* Makes an empty file of that size, in place of one that is there; dev_open opens it then. */
int espfile_create(const char *path, uint64_t size_bytes);

#endif
