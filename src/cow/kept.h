/* SPDX-License-Identifier: MIT */
/*
 * The kept list: a checked copy of a store's list of exceptions, behind the part of the store that the
 * kernel maps (docs/formats.md).  A merge takes the kernel's list away and leaves the store's data;
 * this copy still says where each chunk belongs and what it was, so that what was merged can be
 * compared with the store and written again (I15), and never with what the store has lost itself.  Pure; no heap, so that PID 1 can read it.
 */
#ifndef COWBOOT_COW_KEPT_H
#define COWBOOT_COW_KEPT_H

#include "cow/write.h"

#define COW_KEPT_HEAD_BYTES 512u
#define COW_KEPT_ENTRY_BYTES 32u

struct cow_kept_entry {
	uint64_t old_chunk, new_chunk;
	uint32_t crc;			/* CRC-32C of the chunk in the store, all of it */
};

struct cow_kept {
	struct cow_mark mark;		/* whose it is; mark.exceptions: entries in the list */
	uint32_t chunk_sectors;
	uint32_t list_crc;		/* CRC-32C of the list, padding included */
};

/* Sectors for n entries, the head included. 0: too many bytes for 64 bits. */
uint64_t cow_kept_sectors(uint64_t n);

/*
 * The room of a store with its kept list, which fills whole logical blocks of any disk that takes chunks
 * of this size.  0: too many bytes for 64 bits.
 */
uint64_t cow_room_sectors(uint32_t chunk_sectors, uint64_t n);

void cow_kept_encode(const struct cow_kept *kept, uint8_t buf[COW_KEPT_HEAD_BYTES]);
/* -ENODATA: all zeros; -EBADMSG: neither zeros nor a head of this version. */
int cow_kept_decode(const uint8_t buf[COW_KEPT_HEAD_BYTES], struct cow_kept *ret_kept);

/*
 * Makes the kept list of a store that cow_check has passed, with mark->exceptions entries: the list goes
 * to sink, in order; the head, which belongs before it and is to be written last, to ret_head.  Reads
 * the data of every exception.  -EBADMSG: the store's list is not as long as the mark says.
 */
int cow_kept_write(const struct cow_source *store, const struct cow_mark *mark,
		   uint32_t chunk_sectors, const struct cow_scratch *scratch,
		   const struct cow_sink *sink, uint8_t ret_head[COW_KEPT_HEAD_BYTES]);

/*
 * Checks a kept list whole: head, whose it is, checksum, and each exception as cow_check_list does.
 * kept begins at its head and may be longer.  The bare reason is left in base/fail.h.  -EBADMSG:
 * damaged; -ENODATA: its head is all zeros; -ESTALE: intact, but of another update or volume.
 */
int cow_kept_check(const struct cow_source *kept, const struct cow_mark *mark,
		   uint32_t chunk_sectors, uint64_t origin_bytes, uint64_t store_bytes,
		   const struct cow_scratch *scratch, struct cow_found *ret_found);

/* Takes one entry; non-zero ends the walk. index counts from 0. */
typedef int cow_kept_each_fn(void *ctx, uint64_t index, const struct cow_kept_entry *entry);

/*
 * Calls each for the n entries of a kept list, in order; what it returns non-zero is returned.  Judges
 * nothing but that no entry is the end of a list: cow_kept_check does.
 */
int cow_kept_walk(const struct cow_source *kept, uint64_t n, const struct cow_scratch *scratch,
		  cow_kept_each_fn *each, void *ctx);

#endif
