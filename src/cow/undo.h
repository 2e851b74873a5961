/* SPDX-License-Identifier: MIT */
/*
 * The undo store: what a merge will write over, as a store of its own that leads back to the old
 * system.  It has the form that cow_write gives a store; only where its data comes from differs.
 */
#ifndef COWBOOT_COW_UNDO_H
#define COWBOOT_COW_UNDO_H

#include "cow/kept.h"

/*
 * Writes the store of the origin's own chunks that the list names, in order to sink: entries ascending,
 * whatever the order of the list, cow_store_bytes long for list->exceptions.  For lists that were
 * checked against this origin, before anything of them was merged.  mark goes into the header; NULL:
 * zeros.  A last chunk that reaches past the origin's end is filled with zeros.  scratch->buf: at least
 * 4096 bytes; bits: one for each chunk of the origin, -ENOBUFS with fewer.  No heap.  -EBADMSG: the list
 * is not as long as it says, or names a chunk twice or outside the origin; nothing was written then.
 */
int cow_undo(const struct cow_list *list, const struct cow_source *origin,
	     const struct cow_mark *mark, const struct cow_scratch *scratch,
	     const struct cow_sink *sink, struct cow_stats *ret_stats);

/*
 * Compares such a store, and the kept list behind it that was checked, with the origin that it was made
 * of: each chunk in the store is the origin's, and has the checksum in the list.  scratch->buf: at least
 * 1536 bytes.  -EBADMSG with the bare reason in base/fail.h.
 */
int cow_undo_compare(const struct cow_source *store, const struct cow_source *kept,
		     const struct cow_source *origin, uint32_t chunk_sectors, uint64_t exceptions,
		     const struct cow_scratch *scratch);

#endif
