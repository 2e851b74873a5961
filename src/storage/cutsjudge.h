/* SPDX-License-Identifier: MIT */
/*
 * The verdict over a round of cuts: what the disk has lost that it had confirmed, from nothing but the
 * blocks that are read back.  Pure.
 *
 * All blocks are read twice.  The first time shows how far the round had come: a write that was kept
 * says what had been confirmed when it was made.  The second time each block is compared with that.
 */
#ifndef COWBOOT_STORAGE_CUTSJUDGE_H
#define COWBOOT_STORAGE_CUTSJUDGE_H

#include "storage/cuts.h"

/* How far a round had come. */
struct cuts_reach {
	uint32_t round;			/* the latest that any sector is of */
	uint64_t confirmed;		/* the last write that is known to have been */
	uint64_t last;			/* the last write of which anything was kept */
};

/* First reading. reach begins with zeros; of sectors that cannot be read, buf holds zeros. */
void cuts_look(const uint8_t id[CUTS_ID_BYTES], const uint8_t buf[CUTS_BLOCK_BYTES],
	       struct cuts_reach *reach);

struct cuts_verdict {
	/* Lost though confirmed: blocks with older content than a write that was ... */
	uint64_t lost_flushed;		/* ... confirmed by a flush after it */
	uint64_t lost_alone;		/* ... itself confirmed (FUA) */
	uint64_t spoiled;		/* blocks at rest that hold what nobody wrote there */
	uint64_t first_lost, first_block;	/* one of these: its write, and its block */
	/* What a disk may do with writes that were not confirmed yet. */
	uint64_t kept;			/* blocks: written whole */
	uint64_t passed_over;		/* blocks: not written, though a later write was */
	uint64_t partial;		/* blocks: some sectors written, others not */
	uint64_t torn_sectors;		/* sectors: neither as before nor as written */
	uint64_t unreadable;		/* sectors, of all blocks */
};

struct cuts_judge {
	struct cuts_round round;
	uint64_t confirmed, last;
	uint64_t bound;			/* no later write than this one was begun */
	struct cuts_verdict verdict;
};

/*
 * Begins the second reading.  confirmed may be higher than what reach says, when somebody else knows
 * more: a log, a person, the head.
 */
void cuts_judge_begin(struct cuts_judge *j, const struct cuts_round *round,
		      const struct cuts_reach *reach, uint64_t confirmed);

/*
 * One block; unreadable has a bit for each of its sectors.  Whether some of it is nothing that was ever
 * written there: it must be written anew before the next round, which would find it spoiled at rest.
 */
bool cuts_judge_block(struct cuts_judge *j, uint64_t block, const uint8_t buf[CUTS_BLOCK_BYTES],
		      uint8_t unreadable);

/* What a block is written anew with: as before the first round. */
void cuts_renew(const struct cuts_round *round, uint64_t block, uint8_t buf[CUTS_BLOCK_BYTES]);

/* Whether anything is lost that was confirmed. */
bool cuts_is_bad(const struct cuts_verdict *v);

#endif
