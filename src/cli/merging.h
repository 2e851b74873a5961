/* SPDX-License-Identifier: MIT */
/*
 * The merge of a confirmed update, as `mark-good` and `merge` drive it: swap to snapshot-merge,
 * watch, finish.  All of it is for a record in phase merging (I2).
 */
#ifndef COWBOOT_CLI_MERGING_H
#define COWBOOT_CLI_MERGING_H

#include "cli/board.h"

/* How far the merge of all volumes is, in sectors of changed chunks. */
struct merging {
	uint64_t total_sectors, left_sectors;
	bool done;			/* every store is empty */
};

/* Pure. 100 only when nothing is left. */
unsigned merging_percent(uint64_t total_sectors, uint64_t left_sectors);

/*
 * Swaps every volume of the update that still is a snapshot. Counts those that could not be, which
 * wait for the next boot; the line of the last is in base/fail.h.
 */
unsigned merging_swap(const struct board *b);

/*
 * Looks at every volume. -EIO: a merge failed or a device is invalid, which only a reboot mends
 * (I7); -EAGAIN: a volume waits for the next boot; -EFAULT: a volume is mapped as it never may be.
 */
int merging_look(const struct board *b, struct merging *ret_merging);

/*
 * Swaps to snapshot-merge what can be, and watches it, to the end when wait. Prints; returns an
 * exit code.
 */
int merging_run(struct board *b, bool wait);

#endif
