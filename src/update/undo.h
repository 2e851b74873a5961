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
 * kept until now stays until then; only where there is no room beside it, and there will be without it, it is
 * dropped before, in a save of its own.
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

/*
 * Whether the update in w, for which no room was found, would have it if what is kept were gone; with
 * keep-old must, it and its undo stores.  As far as can be known.
 */
bool undo_makes_room(const struct world *w);

/*
 * Finds room for the stores of k, which kept_world gave and which is to have what is kept of the trial in w.
 * Beside an older one, which the record names until the new one takes its place there.  In its place, with
 * a save that drops it, only where that is known to help: a trial that is not confirmed then still has the
 * older one.
 */
int undo_take_room(struct world *w, struct world *k);

/*
 * Whether there would be room in files for the undo stores of the trial in w, if what is kept now were
 * gone; as far as can be known.
 */
bool undo_fits_without(const struct world *w);

#endif
