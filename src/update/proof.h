/* SPDX-License-Identifier: MIT */
/*
 * The proof of a merge: each volume read whole, from the medium, and its digest compared with the one in
 * the record (I14).  In the running system only: a boot has no time for it.
 */
#ifndef COWBOOT_UPDATE_PROOF_H
#define COWBOOT_UPDATE_PROOF_H

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

/*
 * Reads every volume of the update, throttled as verify-rate says and in the idle I/O class, and needs no
 * lock.  0: all of them are right; -EBADMSG with its line: those in ret_differs, a bit each, are not;
 * other errors: a volume could not be read, or the command is to end, which says nothing.
 */
int proof_read(const struct world *w, uint32_t *ret_differs);

#endif
