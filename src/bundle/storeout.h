/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a store, in order, made of its list and of its chunks' data: what a delta and a full bundle
 * unpack to.  Pure but for its sink.
 */
#ifndef COWBOOT_BUNDLE_STOREOUT_H
#define COWBOOT_BUNDLE_STOREOUT_H

#include "bundle/manifest.h"
#include "cow/write.h"

struct storeout {
	const struct bundle_volume *volume;	/* its chunk size and its exceptions */
	const struct cow_sink *sink;
	uint64_t (*next_chunk)(void *ctx);	/* the list, ascending; asked once for each exception */
	void *ctx;
	uint64_t data_bytes;			/* done so far; 0 to begin with, as is the next one */
	size_t have_bytes;
	uint8_t out[65536];
};

/* The header, and what stands before the first data. */
int storeout_begin(struct storeout *store);

/* The next bytes of the chunks' data, never more than the list has. */
int storeout_add(struct storeout *store, const uint8_t *data, size_t len_bytes);

/* What is left of it goes to the sink. */
int storeout_end(struct storeout *store);

#endif
