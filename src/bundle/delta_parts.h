/* SPDX-License-Identifier: MIT */
/* What the files of the delta share, and nobody else: delta.c, delta_store.c, delta_old.c. */
#ifndef COWBOOT_BUNDLE_DELTA_PARTS_H
#define COWBOOT_BUNDLE_DELTA_PARTS_H

#include "bundle/delta.h"

/* ---- delta_store.c: the store's bytes, of its runs and its data ---- */

struct delta_runs {
	const uint8_t *at, *end;	/* encoded, what is left of them */
	uint64_t next_chunk, left;	/* of the run that was begun */
};

struct delta_store {
	const struct bundle_volume *volume;
	const struct cow_sink *sink;
	struct delta_runs runs;
	uint64_t data_bytes;		/* done so far */
	size_t have_bytes;
	uint8_t out[65536];
};

/* Whether the encoded runs are those of a list of the volume: -EBADMSG. */
int delta_check_runs(const struct bundle_volume *volume, const uint8_t *runs, size_t len_bytes);

/* The header, and what stands before the first data. The runs are checked, and stay the caller's. */
int delta_store_begin(struct delta_store *store, const uint8_t *runs, size_t len_bytes);

/* The next bytes of the chunks' data, never more than the list has. */
int delta_store_add(struct delta_store *store, const uint8_t *data, size_t len_bytes);

/* What is left of it goes to the sink. */
int delta_store_end(struct delta_store *store);

/* ---- delta_old.c: the old volume, a few of its blocks kept ---- */

#define OLD_BLOCK_BYTES 16384u
#define OLD_BLOCKS 128u

struct delta_old {
	const struct cow_source *source;
	uint64_t size_bytes, clock;
	uint64_t number[OLD_BLOCKS], used[OLD_BLOCKS];	/* used 0: holds nothing */
	uint8_t block[OLD_BLOCKS][OLD_BLOCK_BYTES];
};

/* Adds len_bytes of the old volume from at_bytes on to those in out, modulo 256. In bounds. */
int delta_old_add(struct delta_old *old, uint64_t at_bytes, uint8_t *out, size_t len_bytes);

/* A varint from *at on; -EBADMSG: it ends too early, or is none. */
int delta_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value);

#endif
