/* SPDX-License-Identifier: MIT */
/*
 * The boot block: which boot slot the boot loader starts.  One sector on `meta`, and a spare of it,
 * that both the boot loader and cowboot read and write; docs/formats.md has the bytes and what the
 * loader does with them.  Encode and decode are pure; the other two work on `meta`.
 *
 * Must never be written where nobody installed a kernel: zeros mean that the loader starts what it
 * always starts.
 */
#ifndef COWBOOT_STATE_BOOTBLOCK_H
#define COWBOOT_STATE_BOOTBLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/dev.h"

#define BOOTBLOCK_BYTES 512u
#define BOOTBLOCK_COPIES 2
#define BOOTBLOCK_OFFSET_BYTES (256u * 1024)		/* between the record's copies */
#define BOOTBLOCK_SPARE_OFFSET_BYTES (768u * 1024)	/* behind them */
#define BOOTBLOCK_TRIES_MAX 100

struct bootblock {
	char good;		/* slot of the confirmed system: 'a' or 'b' */
	char trial;		/* slot on trial, never the good one; 0: none */
	uint8_t tries_left;	/* times that the loader may still start it; the loader counts */
};

/* -EINVAL: a field is not in its bounds; what decode insists on, too. */
int bootblock_encode(const struct bootblock *block, uint8_t buf[BOOTBLOCK_BYTES]);

/* -EBADMSG: no block, or damaged; -ENOTSUP: intact, and of a later version. ret_block is untouched. */
int bootblock_decode(const uint8_t buf[BOOTBLOCK_BYTES], struct bootblock *ret_block);

/* The slot that a loader starts by it. */
char bootblock_next(const struct bootblock *block);

enum bootblock_health {
	BOOTBLOCK_ABSENT,	/* both copies are zeros */
	BOOTBLOCK_GOOD,		/* the first one that can be used counts */
	BOOTBLOCK_DAMAGED,	/* neither can be used, and they are not zeros */
	BOOTBLOCK_FOREIGN,	/* of a later version: never written over */
};

struct bootblocks {
	enum bootblock_health health;
	bool alike;		/* both copies hold these bytes */
	unsigned counts;	/* which copy it is that counts, when good */
	struct bootblock block;	/* counts when good */
};

/* Reads both copies. Never fails: what cannot be read is damaged. */
void bootblocks_load(const struct dev *meta, struct bootblocks *ret_blocks);

/*
 * Makes both copies say block; writes nothing that is so already.  First the copy that does not
 * count, which is flushed and read back before the other is touched: a cut leaves the old block or
 * the new one, whatever it does to the sector.  -EROFS: a foreign one is there.
 */
int bootblocks_save(const struct dev *meta, const struct bootblock *block,
		    struct bootblocks *blocks);

#endif
