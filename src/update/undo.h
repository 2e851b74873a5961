/* SPDX-License-Identifier: MIT */
/*
 * Keeping the old system when an update is confirmed: for each volume an undo store (cow/undo.h), with
 * what the merge is about to write over.
 */
#ifndef COWBOOT_UPDATE_UNDO_H
#define COWBOOT_UPDATE_UNDO_H

#include "update/world.h"

/*
 * Makes the undo stores of the trial in w, whose stores were checked; reads them back from the medium and
 * compares them with the origins, chunk by chunk.  Nothing on the disk names them before the record of
 * undo_note is saved: until then they are swept like what an install has left that was cut (I9).  What was
 * kept until now is dropped first, in a save of its own, unless it is this trial that it belongs to.
 *
 * 0 also without them, which a line says: where the configuration wants none, or wants them only where
 * that is possible.  Negative: they must be there and cannot be made; or the command is to end.
 */
int undo_make(struct world *w);

/* Takes what undo_make has made into the record that says `merging`; without it nothing is kept. */
void undo_note(const struct world *w, struct record *next);

/*
 * While an update is being installed, with room found for it: whether there will be room to keep the old
 * system, too.  As far as can be known; a line where there is none.  Negative: there must be.
 */
int undo_will_fit(const struct world *w);

#endif
