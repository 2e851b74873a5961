/* SPDX-License-Identifier: MIT */
/*
 * A delta: a store told by the old volume (docs/formats.md).  It has the store's list as runs, and
 * each byte of its data either as a difference from one of the old volume's, or as it is; these are
 * bsdiff's operations (Percival, "Naive differences of executable code", 2003), in columns.  Unpacked
 * here from front to back into the very bytes of the store, with less than 4 MiB of heap.  Pure but
 * for its source.
 *
 * Nothing in it is believed: each number is compared with what it may be, and more than the manifest
 * said never comes out.  What the data is worth says the digest of the whole volume alone.
 */
#ifndef COWBOOT_BUNDLE_DELTA_H
#define COWBOOT_BUNDLE_DELTA_H

#include "bundle/manifest.h"
#include "cow/write.h"

#define DELTA_PIECE_BYTES_MAX (1u << 20)	/* encoded: one piece of operations */
#define DELTA_PIECE_OUT_MAX (256u * 1024)	/* what a piece makes */
#define DELTA_PIECE_OPS_MAX 65536u
#define DELTA_RUNS_BYTES_MAX (4u << 20)		/* encoded: the runs of a whole list */
#define DELTA_VARINT_BYTES 10u

/* A number of up to 64 bits, seven bits a byte, the lowest first; the last byte is below 128. */
size_t delta_put_varint(uint8_t buf[DELTA_VARINT_BYTES], uint64_t value);

struct delta;

/*
 * volume is the manifest's and stays the caller's; old: OLD, at least volume->old_bytes long, or NULL: then it
 * reads as zeros, and all but the data is as it should be.  -ENOMEM.
 */
int delta_open(const struct bundle_volume *volume, const struct cow_source *old,
	       const struct cow_sink *sink, struct delta **ret_delta);

/* Takes the next bytes of it. -EBADMSG, with the bare reason in base/fail.h; else what old or sink said. */
int delta_add(struct delta *delta, const uint8_t *data, size_t len_bytes);

/* After its last byte: the rest of the store goes to the sink. -EBADMSG where it is not whole. */
int delta_end(struct delta *delta);

/* Frees it, NULL included. */
void delta_close(struct delta *delta);

#endif
