/* SPDX-License-Identifier: MIT */
/*
 * What this boot must do.  Pure: same facts, same plan; no I/O, no clock, no allocation, no
 * globals.
 *
 * Holds I3 (merging never maps a bare origin unless every store is empty), I4 (an unreadable record
 * leads to recovery), I10 (each failure leads on to fewer choices, and the last is recovery).
 */
#ifndef COWBOOT_DECIDE_DECIDE_H
#define COWBOOT_DECIDE_DECIDE_H

#include "base/reason.h"
#include "decide/facts.h"

/* What becomes durable before anything is mapped. */
enum plan_persist {
	PERSIST_NOTHING,
	PERSIST_DROP,		/* end an install that was cut: idle, cancelled */
	PERSIST_SPEND,		/* one try less (I1) */
	PERSIST_REVERT,		/* idle, reverted, with the reason */
	PERSIST_FINISH,		/* flush the origins, then idle, merged (I2) */
	PERSIST_MEND,		/* what was merged and is not there is written again (I15) */
	PERSIST_SLOT,		/* the boot loader starts the confirmed system's kernel */
	PERSIST_ASK,		/* note that a reboot asks the boot loader, which is done once */
	PERSIST_TALLY,		/* one boot more in idle that nothing marked good yet */
	PERSIST_BACK,		/* merging, of what is kept of the system before */
	PERSIST_COUNT
};

enum plan_map { MAP_NOTHING, MAP_LINEAR, MAP_SNAPSHOT, MAP_MERGE, PLAN_MAP_COUNT };

enum plan_then { THEN_BOOT, THEN_REBOOT, THEN_RECOVERY, PLAN_THEN_COUNT };

struct plan {
	enum plan_persist persist;
	enum plan_map map;
	enum plan_then then;
	enum reason reason;	/* never REASON_NONE */
};

/*
 * Total: every value of every fact has a plan; tests/golden/decide.table shows all of them.
 *
 * When a plan cannot be carried out, the caller sets facts->failed, and phase and tries as the
 * record in memory has them then, and asks again.  A plan that could not be made durable counts as
 * not made: nothing of it is carried out, no space is freed.  Every chain of failures ends after at
 * most PLANS_MAX plans in THEN_REBOOT or THEN_RECOVERY.
 */
#define PLANS_MAX 5

struct plan decide(const struct facts *facts);

#endif
