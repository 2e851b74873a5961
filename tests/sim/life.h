/* SPDX-License-Identifier: MIT */
/*
 * One life of the board: from power on until it reboots, hangs or wants nothing more.  The shipped
 * init runs, then the shipped command, as the scenario's person gives it.
 */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "sim.h"
#include "trace.h"

/* What the person, or the new system itself, does. */
struct policy {
	unsigned installs; /* how often install is tried */
	bool cancel; /* before the first trial boot */
	enum { NEW_IS_GOOD, NEW_HANGS, NEW_IS_REFUSED } on_new;
	unsigned rollbacks; /* how often the system before is asked for */
	enum { BACK_IS_GOOD, BACK_HANGS, BACK_IS_REFUSED } on_back; /* what becomes of its trial */
	bool forgets; /* at last, what is kept */
	unsigned lazy; /* boots in which nobody looks after the merge */
	unsigned lazy_steps; /* what the kernel merges in each of them */
	enum { RECOVERY_WAITS, RECOVERY_MERGES, RECOVERY_PUTS_IMAGE, RECOVERY_TURNS_BACK } in_recovery; /* asks for it first */
	bool never_wait; /* nobody ever does: the kernel merges all, the next boot ends it */
};

enum life_end {
	LIFE_RESTS,
	LIFE_AGAIN, /* the board starts again from what its disks now hold */
	LIFE_BROKEN, /* violation_text says what */
};

struct life_fault {
	unsigned call; /* counted from 1; 0: none */
	enum fault_how how;
};

/* Records into trace (may be NULL). Leaves the disks in `now`, the ledger in `ledger`. */
enum life_end life_run(const struct disks *start, const struct ledger *at,
		       const struct policy *policy, const struct life_fault *life_fault,
		       struct trace *trace);

#endif
