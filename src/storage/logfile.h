/* SPDX-License-Identifier: MIT */
/*
 * What trials that failed have said: small files in the folder "logs" beside the stores, on data itself.
 * They are bounded, whatever happens: LOGFILE_MAX of at most LOGFILE_BYTES_MAX; the oldest make room.
 */
#ifndef COWBOOT_STORAGE_LOGFILE_H
#define COWBOOT_STORAGE_LOGFILE_H

#include <stddef.h>

#include "storage/storedir.h"

#define LOGFILE_FOLDER "logs"
#define LOGFILE_BYTES_MAX (64u * 1024)
#define LOGFILE_MAX 8

/*
 * Writes the file durably, in the place of one of that name: after a cut there is the one, the other, or
 * none.  Makes the folders where they are missing.  After a failure, such as -ENOSPC, what was there
 * before is still there.
 */
int logfile_save(const struct store_dir *dir, const char *name, const char *data, size_t len_bytes);

/*
 * Reads it, ended with a zero byte; of one that does not fit, the end.  -ENOENT: there is none; then there
 * is no line.
 */
int logfile_read(const struct store_dir *dir, const char *name, char *buf, size_t size_bytes,
		 size_t *ret_len_bytes);

#endif
