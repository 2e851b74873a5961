/* SPDX-License-Identifier: MIT */
/*
 * Writing a store from two images, and the image from a store: byte for byte what the kernel could
 * have written and what its merge would leave.  Strictly sequential output, so it may be a pipe.
 */
#ifndef COWBOOT_COW_WRITE_H
#define COWBOOT_COW_WRITE_H

#include "cow/check.h"

/* Takes bytes in order; 0 or a negative errno. */
struct cow_sink {
	int (*write)(void *ctx, const void *data, size_t len_bytes);
	void *ctx;
};

/* Sees one chunk of both images: less of one that ends in it, 0 bytes behind an image's end. */
typedef void cow_chunk_fn(void *ctx, const uint8_t *old_data, size_t old_bytes,
			  const uint8_t *new_data, size_t new_bytes);

struct cow_stats {
	uint64_t exceptions, runs, store_bytes;
};

/*
 * Compares two images chunk by chunk and writes the exact store that turns old into new: entries
 * ascending, data in the same order, the last partial chunk padded with zeros, unused entries zero,
 * header bytes 16.. zero.  Of each chunk new's own bytes are compared; where some of them lie behind
 * old's end, nobody knows what is there on a board: the chunk is an exception.  sink may be NULL:
 * only ret_stats.  on_chunk (may be NULL) sees every chunk of both images once, in order, for
 * digests.  -EINVAL: an image is empty.  Uses heap: not for PID 1.
 */
int cow_write(const struct cow_source *old_image, const struct cow_source *new_image,
	      uint32_t chunk_sectors, const struct cow_sink *sink, cow_chunk_fn *on_chunk,
	      void *on_chunk_ctx, struct cow_stats *ret_stats);

/*
 * Writes the image that origin and a checked store make together, size_bytes long, to sink in
 * order: what a finished merge would leave, whether the list ascends or not.  Uses heap: not for
 * PID 1.
 */
int cow_apply(const struct cow_source *origin, const struct cow_source *store, uint64_t size_bytes,
	      const struct cow_found *found, const struct cow_sink *sink);

#endif
