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

/*
 * Makes path, which must not be there: with a blank at key_at, durably, then with what belongs there,
 * durably.  So who finds that one byte in it finds a file that is all on the medium, and has its
 * text whole, wherever a call has failed or was cut off.
 */
int espfile_make(const char *path, const char *text, size_t key_at);

/* Puts the blank there, in place, durably. */
int espfile_blank(const char *path, size_t key_at);

/* Removes a file, not yet durably; none there is success. */
int espfile_unlink(const char *path);

/* Makes durable what was done to the file system of that directory. */
int espfile_flush(const char *dir);

/* Makes an empty file of that size, in place of one that is there; dev_open opens it then. */
int espfile_create(const char *path, uint64_t size_bytes);

#endif
