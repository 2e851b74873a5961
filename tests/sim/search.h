/* SPDX-License-Identifier: MIT */
/* What the search (explore.c) and the replay of one way (replay.c) share. */
#ifndef SIM_SEARCH_H
#define SIM_SEARCH_H

#include "explore.h"
#include "sim.h"

#define LEVELS_MAX 6
#define LIVES_MAX 24
#define STEP_MAX 40

/* One history on its way: how it was come to, where it is, what branches off it now. */
struct level {
	struct disks state, next;
	struct ledger at, next_at;
	unsigned life, cuts;
	bool cut_it, fail_it, lie_it; /* this life has cuts, failing calls and lies to find out */
	unsigned lies; /* flushes in it that could be lies */
	unsigned calls; /* in it that could fail */
	uint8_t killable[FAULT_CALLS_MAX / 8 + 1]; /* fault_killable */
	struct life_fault fault;
	char step[STEP_MAX]; /* from the level above */
	uint64_t passed[LIVES_MAX];
	struct trace trace;
	struct crash crash;
};

extern struct level *levels;
extern struct found found;
extern const char how_letters[]; /* by enum fault_how, in ids */

/* Gets ready for it. false: the board does not get to where the scenario begins; that is printed.
 */
bool search_begin(const struct scenario *s, unsigned damage, void (*print)(const char *line));

/* From levels[n].state to its rest, with everything that branches off on the way. */
void search(unsigned n);

/* A level below n that begins with state, or with the same life again. */
void search_below(unsigned n, const struct disks *state, const struct ledger *at, unsigned cuts,
		  struct life_fault fault);

/* Set while one way is replayed: called where the search would branch. true: the way branched here.
 */
extern bool (*replay_branch)(unsigned n);

#endif
