/* SPDX-License-Identifier: MIT */
/*
 * The stores that are kept when an update has been confirmed: they lead back to the system before it,
 * over what lies on the volumes now, and over nothing else.
 */
#ifndef COWBOOT_UPDATE_KEPT_H
#define COWBOOT_UPDATE_KEPT_H

#include "update/world.h"

/*
 * The world as it would be if what is kept were the pending update, in trial: for store.h and places.h,
 * and to look only.  One at a time, until the next call.
 */
struct world *kept_world(const struct world *w);

/*
 * Whether what is kept can be had: each store is at its place, is whole with its kept list, and belongs
 * over a partition that is there (I5, I13).  Reads all lists; whether the volumes hold what it was made
 * against, only their digests say.  Negative with its line.
 */
int kept_check(const struct world *w);

/*
 * Whether the kept stores still hold what was kept, by the checksums of their lists; after kept_check.
 * Reads all of them.  Negative with its line.
 */
int kept_check_data(const struct world *w);

/* Room of all kept stores. */
uint64_t kept_bytes(const struct record *rec);

/* One save, then the space: nothing is kept any more.  In any phase but that of the way back itself. */
int kept_drop(struct world *w);

/* Gives back the space of what the record, which was just saved, names no more. */
void kept_sweep(const struct world *w);

/*
 * Drops what the configuration keeps for so many days only, and says so; where the clock was not set then
 * or is not now, it stays.  0 also where there is nothing to drop.
 */
int kept_expire(struct world *w);

#endif
