/* SPDX-License-Identifier: MIT */
/*
 * Writing again what a merge has written and the disk has lost (I15).  For each chunk that the kernel's
 * list no longer holds, the store's data is compared with the origin; where the two differ, the disk
 * has lied about a flush.  No heap, so that PID 1 can run it before anything is mounted.
 */
#ifndef COWBOOT_COW_MEND_H
#define COWBOOT_COW_MEND_H

#include "cow/kept.h"

/* The origin: all of len_bytes or a negative errno with its line in base/fail.h. read is of the medium. */
struct cow_target {
	int (*read)(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes);
	int (*write)(void *ctx, uint64_t offset_bytes, const void *data, size_t len_bytes);
	int (*flush)(void *ctx);
	void *ctx;
	uint64_t size_bytes;
};

struct cow_mend {
	const struct cow_source *store;	/* what the kernel maps; passed by cow_check */
	const struct cow_source *kept;	/* passed by cow_kept_check, against this store */
	uint64_t exceptions;		/* in the kept list */
	uint64_t left;			/* in the kernel's: cow_found.exceptions */
	uint32_t chunk_sectors;
};

struct cow_mended {
	uint64_t compared;		/* chunks */
	uint64_t written;		/* of these, written again */
	uint64_t unreadable;		/* of those, because the origin could not be read there */
	uint64_t spoiled;		/* compared with nothing: the store has lost them itself */
};

/*
 * Compares, writes what differs and flushes; nothing is written where nothing differs, so running it
 * twice equals running it once (I11).  A last chunk that reaches past the origin's end counts up to it.
 * A chunk that the store cannot give any more as it was installed is left alone: the origin has it, or
 * nobody does.  scratch->buf is at least 1536 bytes; the larger, the fewer requests.  alive() is called for each
 * piece.  -EBADMSG: the kernel's list is not the beginning of the kept one, and nothing was written;
 * after any other failure some chunks may have been, each with what belongs there.  ret_mended is set
 * on success only.
 */
int cow_mend(const struct cow_mend *mend, const struct cow_target *origin,
	     const struct cow_scratch *scratch, struct cow_mended *ret_mended);

#endif
