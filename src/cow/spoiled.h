/* SPDX-License-Identifier: MIT */
/*
 * Which chunks of a store are not as they were installed, by the checksums of its kept list.  Pure; only
 * reads.  It says nothing of the origin.
 */
#ifndef COWBOOT_COW_SPOILED_H
#define COWBOOT_COW_SPOILED_H

#include "cow/kept.h"

struct cow_spoiled {
	uint64_t chunks;		/* that differ */
	uint64_t first_bytes;		/* of them, the first's place on the volume */
};

/*
 * Compares every chunk of a store with its kept list of so many exceptions, which cow_kept_check has
 * passed.  scratch->buf is at least 1024 bytes.  Negative with its line: a chunk, or the list, cannot be
 * read.
 */
int cow_spoiled(const struct cow_source *store, const struct cow_source *kept, uint64_t exceptions,
		uint32_t chunk_sectors, const struct cow_scratch *scratch,
		struct cow_spoiled *ret_spoiled);

#endif
