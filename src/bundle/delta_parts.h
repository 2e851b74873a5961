/* SPDX-License-Identifier: MIT */
/* What the files of the delta share, and nobody else: delta.c, delta_runs.c, delta_old.c. */
#ifndef COWBOOT_BUNDLE_DELTA_PARTS_H
#define COWBOOT_BUNDLE_DELTA_PARTS_H

#include "bundle/delta.h"

/* ---- delta_runs.c: the list ---- */

struct delta_runs {
	const uint8_t *at, *end;	/* encoded, what is left of them */
	uint64_t next_chunk, left;	/* of the run that was begun */
};

/* Whether the encoded runs are those of a list of the volume: -EBADMSG. */
int delta_check_runs(const struct bundle_volume *volume, const uint8_t *runs, size_t len_bytes);

/* The next chunk of a struct delta_runs that was checked, and is not at its end. */
uint64_t delta_next_chunk(void *runs);

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
