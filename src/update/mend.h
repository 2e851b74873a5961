/* SPDX-License-Identifier: MIT */
/*
 * Merged chunks that the disk has confirmed and lost, written again from the stores (I15): for a boot, and
 * for recovery, before a volume of a confirmed update is mapped.
 */
#ifndef COWBOOT_UPDATE_MEND_H
#define COWBOOT_UPDATE_MEND_H

#include "update/world.h"

/*
 * Compares each volume of an update in merging or proving with its store, as far as it was merged, and
 * writes again what differs; durable when this returns 0.  In the order: the kept list is checked whole;
 * what is left of the kernel's own list is the beginning of it; then a chunk is written where the origin
 * differs and the store still has it as it was installed; then the origin is flushed.  A cut anywhere
 * leaves what the next boot compares again, and running it twice equals running it once (I11).
 *
 * Writes nothing to the record, nor to a volume that has no kept list or whose list cannot be used: these
 * are as they would be without this, and a line says so.  Negative with its line: a chunk is lost and
 * cannot be written, so the volumes may be a mixture (I12).
 */
int mend_volumes(const struct world *w);

#endif
