/* SPDX-License-Identifier: MIT */
/*
 * No way down: what a board takes by a bundle's release and its days.  The floor is the latest release
 * that was ever confirmed here.  What the board has kept itself is none of a stranger's, so rollback asks
 * nothing of this, and the floor stays where it is.
 */
#ifndef COWBOOT_UPDATE_RELEASE_H
#define COWBOOT_UPDATE_RELEASE_H

#include "bundle/manifest.h"
#include "update/world.h"

/*
 * Whether the bundle is not below the floor, and has not expired.  Pure but for the clock.  allow: the
 * person asked for a downgrade, which counts where the configuration allows it, and for the floor alone.
 * -EPERM with its line.
 */
int release_check(const struct world *w, const struct bundle_manifest *manifest, bool allow);

/* Whether the clock is known to be right: the kernel says so, and it is not before a day that has been. */
bool release_clock_right(const struct record *rec, uint64_t now_s);

#endif
