/* SPDX-License-Identifier: MIT */
/*
 * What one boot knows when it decides.  The only input of decide(); gathered by update/world.h, the
 * same for init and for `cowboot status --explain`.
 */
#ifndef COWBOOT_DECIDE_FACTS_H
#define COWBOOT_DECIDE_FACTS_H

#include <stdbool.h>

/* The record as a whole. */
enum fact_record { FACT_RECORD_GOOD, FACT_RECORD_NEW, FACT_RECORD_DAMAGED, FACT_RECORD_ABSENT,
		   FACT_RECORD_COUNT };

/*
 * As enum phase of state/record.h, which decide must not include; update/facts.c asserts that they are
 * equal.
 */
enum fact_phase { FACT_IDLE, FACT_STAGING, FACT_TRIAL, FACT_MERGING, FACT_PROVING,
		  FACT_PHASE_COUNT };

/*
 * The worst of the update's stores. EMPTY: every one is whole and none holds an exception any more.
 */
enum fact_stores { FACT_STORES_WHOLE, FACT_STORES_EMPTY, FACT_STORES_DAMAGED, FACT_STORES_MISSING,
		   FACT_STORES_COUNT };

/*
 * Whether the running kernel is that of the system which this phase is about: in idle and staging the
 * confirmed one, from the trial on the update's.  UNKNOWN: the board has no boot slots, the boot
 * loader names none, or the update brings no kernel; whichever runs is good for both systems then.
 */
enum fact_kernel { FACT_KERNEL_RIGHT, FACT_KERNEL_WRONG, FACT_KERNEL_UNKNOWN, FACT_KERNEL_COUNT };

/*
 * What failed last in this very boot.  SAVE: the record could not be written, and stays as it was; or
 * what it says may be in a cache only, and could not be made durable.  SLOT: the boot loader could not
 * be told which kernel to start, or does not heed it.  MAP, MOUNT, INIT: the new system could not be
 * mapped or mounted, or has no init.  MEND: what a merge has written, and the disk has lost, cannot be
 * written again.  ORIGIN: one of these three, of a plan that mapped linear; there
 * is nothing left to fall back to.
 */
enum fact_failed { FACT_FAILED_NOTHING, FACT_FAILED_SAVE, FACT_FAILED_SLOT, FACT_FAILED_MAP,
		   FACT_FAILED_MOUNT, FACT_FAILED_INIT, FACT_FAILED_ORIGIN, FACT_FAILED_MEND,
		   FACT_FAILED_COUNT };

/*
 * What else the record holds in idle.  QUIET: nothing, and a boot writes nothing (I11).  COUNT: the
 * board counts boots until one is marked good, and one more may be tried.  SPENT: none may.
 * PARTIAL: a volume's image was not written whole.
 */
enum fact_idle { FACT_IDLE_QUIET, FACT_IDLE_COUNT, FACT_IDLE_SPENT, FACT_IDLE_PARTIAL,
		 FACT_IDLE_KINDS };

/*
 * The proof of a merge.  NONE: the stores came without a kept list, and the boot ends the merge as soon
 * as they are empty.  DUE: the running system proves what was merged.  SPENT: as many proofs as there
 * may be have failed.  BACK: the same, what is kept of the system before is sound, and the board goes back
 * to it without a person.
 */
enum fact_proof { FACT_PROOF_NONE, FACT_PROOF_DUE, FACT_PROOF_SPENT, FACT_PROOF_BACK, FACT_PROOF_COUNT };

struct facts {
	enum fact_record record;
	enum fact_phase phase;		/* counts only with FACT_RECORD_GOOD */
	bool refused;			/* mark-bad: the trial is over however many tries are left */
	bool tries_left;		/* at least one */
	enum fact_stores stores;	/* counts only in trial and merging */
	enum fact_kernel kernel;	/* counts until the merge begins */
	bool loader_heeds;		/* told or asked once more, it will start the other kernel */
	enum fact_idle idle;		/* counts only in idle */
	enum fact_proof proof;		/* counts only in merging and proving */
	enum fact_failed failed;
	/* What the update needs is at another place than the record keeps, as long as one is pending. */
	bool misplaced;
	bool volumes_present;		/* every configured volume's partition is there */
	bool kernel_flushes;		/* has the merge's origin flush (kernel commit fcc42338375a) */
	bool recovery_asked;
};

#endif
