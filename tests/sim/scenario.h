/* SPDX-License-Identifier: MIT */
/* What is simulated: a board, a person, where the cuts begin, how many there are. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "life.h"

enum from {
	FROM_START, /* an idle board */
	FROM_ARMED, /* an update waits for its first trial boot */
	FROM_MERGING, /* confirmed, and the merge has begun */
	FROM_BACK, /* merged, and the way back is armed */
};

enum damage {
	DAMAGE_NONE,
	DAMAGE_COPY, /* one copy of the record, in turn and in several ways */
	DAMAGE_BOTH, /* both copies */
	DAMAGE_STORE, /* a store, in several ways */
	DAMAGE_BLOCK, /* the boot block: one copy in turn, then both */
	DAMAGE_BLOCK_LATER, /* the boot block: its spare, then both, by a cowboot to come */
	DAMAGE_ENTRIES, /* too many boot entries */
	DAMAGE_ASTRAY, /* names that lead elsewhere, each way in turn (astray.h) */
	DAMAGE_UNKEPT, /* none: the update was installed by a cowboot that kept no lists; raw stores only */
	DAMAGE_DATA, /* what a store holds, which no list and no boot can tell */
	DAMAGE_KEPT, /* what is kept of the old system, amid a merge; raw stores only */
	DAMAGE_MERGED, /* an origin, the kept list or the store's data, when all is merged */
};

struct scenario {
	const char *name;
	struct board_plan plan;
	struct policy policy;
	enum from from;
	enum damage damage;
	unsigned cuts; /* in one history */
	unsigned faults; /* failing calls in one history: 0 or 1 */
	unsigned cuts_before_fault, cuts_after_fault;
	unsigned lies, cuts_before_lie, cuts_after_lie; /* flushes that are lies in one history: 0 or 1 */
	unsigned all_max; /* up to so many pending writes every subset is a state */
	unsigned astray_in; /* DAMAGE_ASTRAY: from this boot on */
};

extern const struct scenario scenarios[];
extern const unsigned scenario_count;

/*
 * Lays out the disks, makes contents, configuration and bundle, and runs the board up to where the
 * scenario begins. false: it does not get there, violation_text says why.
 */
bool scenario_begin(const struct scenario *s, struct disks *ret_disks, struct ledger *ret_ledger);

/* damage.c */
unsigned damage_count(const struct scenario *s);
/* What variant n does, to disks at rest; the ledger learns what may be expected of the board now.
 */
void damage_apply(const struct scenario *s, unsigned n, struct disks *disks, struct ledger *at);
const char *damage_name(enum damage damage, unsigned n);

#endif
