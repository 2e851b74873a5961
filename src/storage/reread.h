/* SPDX-License-Identifier: MIT */
/* Disks on which the kernel has found no partitions, and perhaps could not read the table. */
#ifndef COWBOOT_STORAGE_REREAD_H
#define COWBOOT_STORAGE_REREAD_H

/*
 * Has the kernel read the partition table of each disk again that has no partitions: it reads it
 * once, and one read that fails would leave the board without them.  sysfs_dir and dev_dir as in
 * scan_part.  Writes to no disk.  Returns how many disks were asked; what comes of it, a look shows.
 */
unsigned reread_tables(const char *sysfs_dir, const char *dev_dir);

#endif
