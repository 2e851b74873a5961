/* SPDX-License-Identifier: MIT */
/*
 * How an update ends, for init and the command alike.  Order is everything here: the record first,
 * made durable, and only then the space (I9); and `merging` stays until every store is empty and
 * every origin flushed (I2).
 */
#ifndef COWBOOT_UPDATE_SETTLE_H
#define COWBOOT_UPDATE_SETTLE_H

#include "update/world.h"

/* Flushes the origin partition of every volume of the update. */
int settle_flush_origins(const struct world *w);

/*
 * Ends the update in the record: idle with that result; detail may be empty. Saves. Frees nothing.
 */
int settle_record(struct world *w, enum result result, enum reason reason, const char *detail);

/*
 * Removes every store file that the record does not name: neither the pending update's nor the kept
 * ones.  For a record that is durable, in any phase.
 */
int settle_files(const struct world *w);

/*
 * Gives the space back: unmaps every NAME-store and removes every store file but the kept ones. Refuses (-EBUSY)
 * unless the record in w is idle. Without data mounted the files stay for the next time; that is no
 * failure.
 */
int settle_space(struct world *w);

#endif
