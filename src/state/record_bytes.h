/* SPDX-License-Identifier: MIT */
/* The record's bytes, as docs/formats.md has them: a head and a tail, each of whole blocks.  Pure. */
#ifndef COWBOOT_STATE_RECORD_BYTES_H
#define COWBOOT_STATE_RECORD_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/record.h"

#define RECORD_BYTES_MAX (256u * 1024)	/* one copy, encoded */
#define RECORD_BLOCK_BYTES 4096u	/* head and tail are whole blocks; an idle head is one */
/* The generation of a record with a tail is a multiple of this; version 1 counts by ones. */
#define RECORD_GENERATION_STEP 256u

/* Whether a record of that generation has a tail; whether what rec says needs one. */
bool record_has_tail(uint64_t generation);
bool record_needs_tail(const struct record *rec);

/*
 * Writes rec into buf (RECORD_BYTES_MAX), head and tail each zero-padded to whole blocks;
 * ret_len_bytes is that.  -EINVAL, with the field in base/fail.h: rec is not record_ok.  -EROFS: it is
 * read_only.
 */
int record_encode(const struct record *rec, uint8_t *buf, size_t *ret_len_bytes);

/*
 * How long the head of the record that begins with this block says it is, unchecked; 0: it does not
 * begin like a record of any format version.  record_tail_length says the same of the tail, by the
 * block behind the head.
 */
size_t record_length(const uint8_t block[RECORD_BLOCK_BYTES]);
size_t record_tail_length(const uint8_t block[RECORD_BLOCK_BYTES]);

/* What that head's block says its generation is. */
uint64_t record_generation(const uint8_t block[RECORD_BLOCK_BYTES]);

/*
 * Reads a record of at most len_bytes, with its tail; what it accepts, record_encode turns into the
 * same bytes again, unless it is read_only.  -EBADMSG: not one, or damaged (ret_rec untouched);
 * -ENOTSUP: intact, but of a format version or with an incompatible feature that this program does
 * not know (never write over it).  -ENODATA: the head is good, but the tail that it had is not there:
 * ret_rec is what version 1 knew.
 */
int record_decode(const uint8_t *buf, size_t len_bytes, struct record *ret_rec);

#endif
