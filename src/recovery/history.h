/* SPDX-License-Identifier: MIT */
/*
 * The end of a trial's own log, kept on data for `cowboot log`.  Only where somebody asks for it: no boot
 * writes it by itself (I11).  Where data is missing or full nothing else fails.
 */
#ifndef COWBOOT_RECOVERY_HISTORY_H
#define COWBOOT_RECOVERY_HISTORY_H

#include "storage/logfile.h"
#include "update/world.h"

#define HISTORY_NAME_MAX (2 * RECORD_LOG_ID_BYTES + sizeof(".log"))
#define HISTORY_PATH_MAX (STOREDIR_PATH_MAX + sizeof(LOGFILE_FOLDER) + HISTORY_NAME_MAX)

/*
 * Keeps what there is to keep: of a trial that runs, the end of more, or without it of the kernel's log;
 * and of that trial, or of the one that was given up last, what an earlier boot has left in pstore.  w has
 * the lock.  1: kept; 0: there is nothing (more) to keep; negative with its line.
 */
int history_keep(const struct world *w, const char *more, char ret_path[HISTORY_PATH_MAX]);

/* The log that was kept of a result, by what more is known of it; -ENOENT: none. */
int history_read(const struct world *w, const struct record_more *more, char *buf, size_t size_bytes,
		 char ret_path[HISTORY_PATH_MAX]);

#endif
