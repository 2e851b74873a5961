/* SPDX-License-Identifier: MIT */
/* The mounts a kernel's first process makes for itself, and moves into the real root at the end. */
#ifndef COWBOOT_HANDOFF_MOUNTS_H
#define COWBOOT_HANDOFF_MOUNTS_H

#define MOUNTS_AGAIN "/run/cowboot/again" /* exists: init ran before, and mounted all */

/*
 * Mounts /dev /proc /sys /run where nothing is mounted yet and makes /dev/mapper; standard
 * descriptors on the console.
 */
int mounts_early(void);

/*
 * Moves /dev /proc /sys /run below newroot, which must have these directories (checked by
 * root_check).
 */
int mounts_move(const char *newroot);

#endif
