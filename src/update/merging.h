/* SPDX-License-Identifier: MIT */
/*
 * The volumes of a confirmed update as they merge: swapping them to snapshot-merge, and how far they
 * are.  All of it is for a record in phase merging (I2); update/merge.c has the order.
 */
#ifndef COWBOOT_UPDATE_MERGING_H
#define COWBOOT_UPDATE_MERGING_H

#include "update/world.h"

/* How far the merge of all volumes is, in sectors of changed chunks. */
struct merging {
	uint64_t total_sectors, left_sectors;
	bool done;			/* every store is empty */
	bool over;			/* and the update is ended; by_other: by another command */
	bool by_other;
};

/* Pure. 100 only when nothing is left. */
unsigned merging_percent(uint64_t total_sectors, uint64_t left_sectors);

/*
 * Pure. How long to sleep before the next look at a merge that is watched since elapsed_ms, and of which
 * begun_sectors were left then: half of what it will still take at the rate it had so far (while there is none
 * yet, half of what it took), 5 ms at least and 200 at most.  The kernel tells nobody when a merge ends; so its
 * end is seen soon, and by few looks.
 */
unsigned merging_pause_ms(uint64_t begun_sectors, uint64_t left_sectors, uint64_t elapsed_ms);

/*
 * Swaps every volume of the update that still is a snapshot. Counts those that could not be, which
 * wait for the next boot; the line of the last is in base/fail.h.
 */
unsigned merging_swap(const struct world *w);

/*
 * Looks at every volume. -EIO: a merge failed or a device is invalid, which only a reboot mends
 * (I7); -EAGAIN: a volume waits for the next boot; -EFAULT: a volume is mapped as it never may be.
 */
int merging_look(const struct world *w, struct merging *ret_merging);

#endif
