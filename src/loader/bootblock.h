/* SPDX-License-Identifier: MIT */
/*
 * The boot block: which boot slot the boot loader starts.  One sector on `meta`, and a spare of it,
 * that both the boot loader and cowboot read and write; docs/formats.md has the bytes and what the
 * loader does with them.  Encode and decode are pure; the other two work on `meta`.
 *
 * Must never be written where nobody installed a kernel: zeros mean that the loader starts what it
 * always starts.
 */
#ifndef COWBOOT_LOADER_BOOTBLOCK_H
#define COWBOOT_LOADER_BOOTBLOCK_H

#include "loader/loader.h"

#define BOOTBLOCK_BYTES 512u
#define BOOTBLOCK_COPIES 2
#define BOOTBLOCK_OFFSET_BYTES (256u * 1024)		/* between the record's copies */
#define BOOTBLOCK_SPARE_OFFSET_BYTES (768u * 1024)	/* behind them */

/*
 * From version 2 on it has features, as the record has them (state/record.h); none is defined yet.  A
 * block is written in the version that it is found in, and a new one in version 1: loaders know that
 * one, and none says what else it knows.
 */

/*
 * like is the block that counts so far, whose version, features and unknown bytes are kept; NULL: there
 * is none.  -EINVAL: a field is not in its bounds; what decode insists on, too.
 */
int bootblock_encode(const struct loader_slots *block, const uint8_t *like,
		     uint8_t buf[BOOTBLOCK_BYTES]);

/*
 * -EBADMSG: no block, or damaged; -ENOTSUP: intact, and of a later version or with an incompatible
 * feature that is not known.  Then what is returned is untouched.  ret_read_only: it has a feature
 * that is read-only compatible, and not known.
 */
int bootblock_decode(const uint8_t buf[BOOTBLOCK_BYTES], struct loader_slots *ret_block,
		     bool *ret_read_only);

/*
 * Reads both copies: the first one that can be used counts, and they are untidy when they differ.
 * Absent: both are zeros; damaged: neither can be used, and they are not zeros.  Never fails: what
 * cannot be read is damaged.
 */
void bootblocks_load(const struct dev *meta, struct loader_state *ret_state);

/*
 * Makes both copies say block, durably; writes nothing that is so already, but flushes it.  First
 * the copy that does not count, which is flushed and read back before the other is touched: a cut
 * leaves the old block or the new one, whatever it does to the sector.  -EROFS: a foreign one is
 * there, or one that is read_only.  ret_state is what is there then, whatever happens.
 */
int bootblocks_save(const struct dev *meta, const struct loader_slots *block,
		    struct loader_state *ret_state);

#endif
