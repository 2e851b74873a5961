/* SPDX-License-Identifier: MIT */
/*
 * What `cowboot bench-disk --cuts` writes: each block says which write it belongs to, and which writes
 * were confirmed when it was made.  So after a power cut the medium itself shows what it has lost, and
 * nothing else need remember anything (docs/formats.md).  Pure: bytes and numbers, no I/O, no heap.
 *
 * The writes of a round are numbered from 1.  Which block each of them is for, and after which of them
 * the disk is flushed, follows from the round alone.
 */
#ifndef COWBOOT_STORAGE_CUTS_H
#define COWBOOT_STORAGE_CUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUTS_BLOCK_BYTES 4096u
#define CUTS_BLOCK_SECTORS 8u
#define CUTS_ID_BYTES 16
#define CUTS_FIRST_AT 65536u		/* byte of block 0; before it lie the heads */
#define CUTS_BLOCKS_MIN 64u
#define CUTS_BLOCKS_MAX (UINT64_C(1) << 31)
#define CUTS_EPOCH_MAX 32u		/* writes between two flushes */

struct cuts_round {
	uint8_t id[CUTS_ID_BYTES];	/* of the test: random */
	uint64_t blocks;		/* CUTS_BLOCKS_MIN to CUTS_BLOCKS_MAX */
	uint32_t number;		/* from 1; 0 is how all blocks are written before the first one */
};

/* The block that a write is for. Each block once in as many writes as there are blocks. */
uint64_t cuts_block(const struct cuts_round *round, uint64_t write);

/* The last of the writes 1 to upto that is for that block; 0: there is none. */
uint64_t cuts_last(const struct cuts_round *round, uint64_t block, uint64_t upto);

/*
 * Whether the disk is flushed after that write, which confirms it and all before it; and whether it is
 * the only one since the flush before: then it is written durably by itself (FUA), without a flush.
 */
bool cuts_ends(const struct cuts_round *round, uint64_t write);
bool cuts_alone(const struct cuts_round *round, uint64_t write);

/* The first write from that one on after which the disk is flushed. */
uint64_t cuts_end(const struct cuts_round *round, uint64_t write);

/* The block's bytes for that write; confirmed: the last write that was, at that time. */
void cuts_fill(const struct cuts_round *round, uint64_t write, uint64_t confirmed,
	       uint8_t buf[CUTS_BLOCK_BYTES]);

/* What one sector of 512 bytes says of itself. */
struct cuts_sector {
	uint8_t id[CUTS_ID_BYTES];
	uint32_t round, place;		/* place: which sector of its block */
	uint64_t write, block, confirmed;
};

/* -EBADMSG: it is no sector of such a test, or damaged. */
int cuts_decode(const uint8_t buf[512], struct cuts_sector *ret_sector);

/* ---- The head: the state of the test, on the medium itself, in two copies ---- */

#define CUTS_HEAD_BYTES 512u
#define CUTS_HEADS 2
#define CUTS_BOOT_MAX 40

extern const uint64_t cuts_head_at[CUTS_HEADS];

enum cuts_phase {
	CUTS_IDLE,		/* no round, or one that was judged or does not count */
	CUTS_WRITING,		/* a round was begun, and how it ended is not known */
};

/* Counted over all rounds that were judged. */
struct cuts_tally {
	uint64_t rounds, bad_rounds;	/* bad: something confirmed was lost */
	uint64_t confirmed;		/* writes */
	uint64_t lost_flushed, lost_alone, spoiled, heads_lost;
	uint64_t passed_over, partial, torn_sectors;
};

struct cuts_head {
	struct cuts_round round;
	enum cuts_phase phase;
	uint64_t generation;		/* grows with every save */
	uint64_t least;			/* the power was cut after this write was confirmed; 0: at any time */
	char boot[CUTS_BOOT_MAX];	/* the kernel's id of the boot that the round was begun in */
	struct cuts_tally tally;
};

void cuts_head_encode(const struct cuts_head *head, uint8_t buf[CUTS_HEAD_BYTES]);
int cuts_head_decode(const uint8_t buf[CUTS_HEAD_BYTES], struct cuts_head *ret_head);

#endif
