/* SPDX-License-Identifier: MIT */
/* Disks on which the kernel has found no partitions, and perhaps could not read the table. */
#ifndef COWBOOT_STORAGE_REREAD_H
#define COWBOOT_STORAGE_REREAD_H

#define REREAD_WHY_MAX 128

/*
 * Has the kernel read the partition table of each disk again that has no partitions: it reads it once,
 * and one read that fails would leave the board without them; nor does it look at the second copy of a
 * GPT by itself.  sysfs_dir and dev_dir as in scan_part.  Writes to no disk.  Returns how many disks
 * were asked; the next look at /sys shows what came of it.
 */
unsigned reread_tables(const char *sysfs_dir, const char *dev_dir);

/* Which disk had a table of which the last call found both copies damaged; empty: none. */
const char *reread_lost(void);

#endif
