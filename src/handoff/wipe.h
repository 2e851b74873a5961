/* SPDX-License-Identifier: MIT */
/* Giving the initramfs' memory back. */
#ifndef COWBOOT_HANDOFF_WIPE_H
#define COWBOOT_HANDOFF_WIPE_H

/*
 * Deletes everything below the open directory dirfd that is on the same file system, and closes it.
 * Refuses (-EINVAL) any file system but ramfs and tmpfs. Bounded in depth; what cannot be deleted
 * stays.
 */
int wipe_initramfs(int dirfd);

#endif
