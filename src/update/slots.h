/* SPDX-License-Identifier: MIT */
/*
 * The boot slots: telling the boot loader which kernel to start, so that the switch of the kernel
 * and that of the volumes are one update.  The record decides, and what the loader was told
 * (loader/loader.h, whichever loader it is) follows it in one order:
 *
 *	arm	record, then loader: the loader never tries what no record knows
 *	disarm	loader, then record: a slot that was given up is not tried once more
 *	confirm	record, then loader: the old kernel stays good until there is no way back
 *
 * So after a cut between the two the loader names the old slot, or tries a trial's that is still
 * one; slots_settle makes it follow.  Must never write where the board's configuration names no
 * slots, nor where the record does not know them.
 */
#ifndef COWBOOT_UPDATE_SLOTS_H
#define COWBOOT_UPDATE_SLOTS_H

#include "update/world.h"

/* Whether the configuration names boot slots, of either kind. */
bool slots_configured(const struct conf *conf);

/* Reads what the loader will do; world_load does it. What cannot be read is known as that. */
void slots_load(struct world *w);

/* The slot that the loader starts next, as far as is known; 0: it is not. */
char slots_next(const struct world *w);

/* Whether it is known what the loader does; only then is it known to keep what it is told. */
bool slots_known(const struct world *w);

/* Whether the loader was told, for good, to start the other slot than it did in this boot. */
bool slots_told(const struct world *w);

/*
 * Whether the loader can be told anything: not where a later cowboot has written its state, which this
 * one must not write over.
 */
bool slots_tellable(const struct world *w);

/*
 * Whether the loader's state follows the record.  True also where neither knows of slots.  A trial
 * that is disarmed with the loader follows: it is never armed again.
 */
bool slots_follow(const struct world *w);

/* The loader tries w->record.slot, which is in phase trial, with all its tries. */
int slots_arm(struct world *w);

/*
 * The loader starts the confirmed system's slot from now on, and no other.  0 where it was told, or
 * knows of no trial of this update; -EROFS where it cannot be told.
 */
int slots_disarm(struct world *w);

/*
 * Takes a trial back from the loader, whatever the record says: for one that cannot be read, before
 * it is made anew and nothing knows of the trial any more.
 */
int slots_end_trial(struct world *w);

/* Makes the loader's state follow the record; writes nothing when it does. */
int slots_settle(struct world *w);

#endif
