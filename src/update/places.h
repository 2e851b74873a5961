/* SPDX-License-Identifier: MIT */
/*
 * Where the pending update belongs: the places that its record keeps, against what the board's names
 * lead to in this boot (I13).  Outside idle a partition is looked for by what it is, where the record
 * knows that; the configuration's name, or root=, only says what it was called.
 */
#ifndef COWBOOT_UPDATE_PLACES_H
#define COWBOOT_UPDATE_PLACES_H

#include "update/world.h"

/*
 * Looks into the record on meta, before the other partitions are looked for, and notes whether an
 * update is pending.  What cannot be read is none here; whoever acts on it loads the record itself.
 */
void places_peek(struct world *w);

/* How the partition of conf->volume[i], data or the stores is looked for; buf is for that. */
const char *places_volume_spec(const struct world *w, unsigned i, char buf[PLACE_SPEC_MAX]);
const char *places_data_spec(const struct world *w, char buf[PLACE_SPEC_MAX]);
const char *places_store_spec(const struct world *w, char buf[PLACE_SPEC_MAX]);

/*
 * After all was looked for: what is at another place than the record keeps counts as missing, and the
 * world as misplaced, with the reason in w->why_missing.  Looks where root= leads, and says so where
 * that is passed over.
 */
void places_settle(struct world *w);

/*
 * Whether a merge can only be given up: one of its volumes is at another place than the record keeps, and
 * each of them is there, or has one partition that answers to its name (w->volume_replaced).
 */
bool places_replaced(const struct world *w);

/*
 * For whoever is about to end the pending update and then write to conf->volume[i], whose partition is
 * held open: -ESTALE where a volume of the update is not at its place, since with the update the
 * record forgets that place, unless places_replaced; or where the partition is not the one any more
 * that was found.
 */
int places_may_end(const struct world *w);
int places_still(const struct part *part);

/*
 * The partition that the record's volume v is merged into, or its stores lie on.  -EINVAL: the
 * configuration has no such volume; -ENODEV: it is not there; -ESTALE: it is another one.
 */
int places_origin(const struct world *w, unsigned v, const struct part **ret_part);
int places_stores(const struct world *w, const struct part **ret_part);

#endif
