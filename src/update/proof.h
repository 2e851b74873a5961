/* SPDX-License-Identifier: MIT */
/*
 * The proofs of an update: each volume read whole, from the medium, and its digest compared with the one
 * in the record; of a trial before it is confirmed, and of a merge before it is ended (I14).  In the
 * running system only: a boot has no time for it.
 */
#ifndef COWBOOT_UPDATE_PROOF_H
#define COWBOOT_UPDATE_PROOF_H

#include "base/fail.h"
#include "cow/spoiled.h"
#include "update/world.h"

#define PROOFS_MAX 3		/* that may fail, before the disk is not believed any more */

/*
 * Whether a merge can be proven and done again: every store came with a kept list.  Of an update that an
 * older cowboot has installed it cannot be; that one ends as soon as its stores are empty.
 */
bool proof_can_be(const struct record *rec);

/* Whether phase proving may be recorded: every init on the board has said that it knows it. */
bool proof_may_be_recorded(const struct world *w);

/* Whether as many proofs as there may be have failed. */
bool proof_is_spent(const struct record *rec);

/* The names of the volumes that the last proof has found wrong. */
void proof_differing(const struct record *rec, char *buf, size_t size_bytes);

enum proof_of {
	PROOF_OF_TRIAL,		/* that runs: read through its snapshots */
	PROOF_OF_MERGE,		/* read on the partitions */
};

/*
 * What reading has come to.  rc 0: every volume is right; -EBADMSG: those in differs, a bit each, are not;
 * else a volume could not be read, or the command is to end, which says nothing.
 */
struct proof_read {
	int rc;
	uint32_t differs;
	char line[FAIL_TEXT_MAX];	/* with rc */
};

/*
 * Reads every volume of the update, throttled as verify-rate says and in the idle I/O class, and lets go
 * of the lock meanwhile, for that may take minutes: others may look, and change what they may change.  So
 * w->record is then as it is by then, and must be judged anew.  Negative with its line, and nothing is
 * known: the lock or the record could not be had again.
 */
int proof_read_unlocked(struct world *w, enum proof_of what, struct proof_read *ret_read);

/*
 * Which chunks of volume v's store are not as they were laid down, by its kept list, which is checked first.
 * Negative with its line.
 */
int proof_find_spoiled(const struct world *w, unsigned v, struct cow_spoiled *ret_spoiled);

/*
 * What is wrong with a trial whose volumes in differs were not as they should be: one line for the record,
 * with the first volume, and where in it, as far as the store and its kept list can tell.
 */
void proof_where(const struct world *w, uint32_t differs, char ret_why[RECORD_REASON_MAX]);

#endif
