/* SPDX-License-Identifier: MIT */
/*
 * The check of a store (I5).  The kernel checks no entry: it silently turns a store with a zero magic
 * into an empty one, and a bad entry can make it panic.  So everything is checked here, before any
 * table is loaded.
 */
#ifndef COWBOOT_COW_CHECK_H
#define COWBOOT_COW_CHECK_H

#include <stddef.h>

#include "cow/format.h"

/* Where bytes come from: all of len_bytes or a negative errno with its line in base/fail.h. */
struct cow_source {
	int (*read)(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes);
	void *ctx;
	uint64_t size_bytes;
};

struct cow_expect {
	uint64_t origin_bytes;		/* of the device the store is for; a partial chunk counts */
	uint32_t chunk_sectors;		/* 0: whatever the header says */
	const struct cow_mark *mark;	/* NULL: any or none */
	bool exact_count;		/* the list must hold mark->exceptions; else at most that
					 * many (a merge began) */
};

struct cow_found {
	uint32_t chunk_sectors;
	uint64_t exceptions;		/* still in the list */
	uint64_t runs;			/* what the kernel merges in one step each */
	bool ascending;			/* old chunks strictly ascend */
};

/* Buffers the check works in; owned by the caller. */
struct cow_scratch {
	uint8_t *buf;			/* at least 4096 bytes */
	size_t buf_bytes;
	uint8_t *bits;			/* for lists that do not ascend on both sides; NULL or too
					 * small: such lists are refused */
	size_t bits_bytes;		/* one bit per origin chunk plus one per store chunk */
};

/*
 * Checks magic, version, valid, chunk size, mark, length, and every exception: old chunk inside the
 * origin, new chunk inside the store and not metadata, none twice on either side.  The bare reason
 * is left in base/fail.h ("exception 7: old chunk 99 is there twice", counted from 0); the caller
 * puts "cannot use STORE" before it.  -EBADMSG: damaged; -ENODATA: header and mark are all zeros;
 * -ESTALE: intact, but another update's or without a mark.
 */
int cow_check(const struct cow_source *source, const struct cow_expect *expect,
	      const struct cow_scratch *scratch, struct cow_found *ret_found);

/* A list of exceptions in either of the forms there are. */
struct cow_list {
	const struct cow_source *source;	/* the store; or the kept list, from its head on */
	bool is_kept;				/* the form of cow/kept.h, not the kernel's */
	uint32_t chunk_sectors;
	uint64_t exceptions;			/* the kernel's: at most so many; a kept one: all */
};

/*
 * Checks each exception of a list, as cow_check does, against an origin and a store of these sizes.
 * -EBADMSG with the bare reason in base/fail.h.
 */
int cow_check_list(const struct cow_list *list, uint64_t origin_bytes, uint64_t store_bytes,
		   const struct cow_scratch *scratch, struct cow_found *ret_found);

/* Takes one exception; non-zero ends the walk. index counts from 0. */
typedef int cow_each_fn(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk);

/* As cow_walk below, of a list in either form. */
int cow_list_walk(const struct cow_list *list, const struct cow_scratch *scratch,
		  cow_each_fn *each, void *ctx);

/*
 * Calls each for the first index_max exceptions in list order; what it returns non-zero is
 * returned.  Needs no more than a buffer from scratch, and judges no chunk number: cow_check does.
 */
int cow_walk(const struct cow_source *source, uint32_t chunk_sectors, uint64_t index_max,
	     const struct cow_scratch *scratch, cow_each_fn *each, void *ctx);

#endif
