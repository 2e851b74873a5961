/* SPDX-License-Identifier: MIT */
/*
 * The disks that are the board's own, of which recovery offers nothing to anybody: a stick is read
 * from and written to, mounted by whatever file system is on it.  Looks only.
 */
#ifndef COWBOOT_RECOVERY_OWN_H
#define COWBOOT_RECOVERY_OWN_H

#include "storage/block.h"
#include "update/world.h"

#define OWN_DISKS_MAX 32

struct own {
	const char *root;		/* what /sys and /dev lie in: "" on a board */
	const struct world *world;	/* NULL: the configuration cannot be used */
	unsigned count;
	bool is_full;			/* there were more: then every disk is the board's */
	char disk[OWN_DISKS_MAX][BLOCK_NAME_MAX];
};

/*
 * Finds the disks of the partitions in w, and any with a record or with a partition that is called as
 * the configuration calls one.  With w NULL nothing says which are the board's: then all are but
 * those that people plug in, on USB or with a medium that can be taken out.  A negative errno: nothing
 * is known, and nothing may be offered.
 */
int own_find(const char *root, const struct world *w, struct own *ret_own);

/* Whether name is a disk or a partition of none of these; an area of an eMMC never is. */
bool own_is_foreign(const struct own *own, const char *name);

#endif
