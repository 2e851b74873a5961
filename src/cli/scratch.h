/* SPDX-License-Identifier: MIT */
/*
 * Scratch space without a name, and a store that is looked at as a file.  Lines in base/fail.h name
 * the file.
 */
#ifndef COWBOOT_CLI_SCRATCH_H
#define COWBOOT_CLI_SCRATCH_H

#include "cow/write.h"
#include "storage/dev.h"

/*
 * Checks a store against an origin of that size, whatever the order of its list; cow_check's
 * result.  chunk_sectors 0: what the header says.
 */
int file_check_store(struct dev *store, uint64_t origin_bytes, uint32_t chunk_sectors,
		     struct cow_found *ret_found);

/* Reads dev as a cow_source. source->ctx is dev, which must stay. */
struct cow_source file_source(struct dev *dev);

/*
 * Scratch space: an unnamed file in dir, or in $TMPDIR or /tmp when dir is NULL. What is written to
 * scratch_sink is appended, and may be read with dev_read. Gone with dev_close.
 */
int scratch_open(const char *dir, struct dev *ret_dev);
struct cow_sink scratch_sink(struct dev *dev);

#endif
