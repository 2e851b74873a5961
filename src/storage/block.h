/* SPDX-License-Identifier: MIT */
/*
 * Block devices as /sys/class/block shows them: what each is, and which disk it is on.  The one
 * place that says which of them can belong to the board; looks only, opens no device.
 */
#ifndef COWBOOT_STORAGE_BLOCK_H
#define COWBOOT_STORAGE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_NAME_MAX 32

enum block_kind {
	BLOCK_PARTITION,	/* on a disk, or on an area of one */
	BLOCK_DISK,
	/* A part of an eMMC that is no partition: mmcblk0boot0, mmcblk0rpmb, mmcblk0gp0. */
	BLOCK_AREA,
	/* Nobody's disk: made of memory, a file, the network or other devices (loop, zram, dm, md,
	 * nbd), with its partitions; or a drive for discs or floppies. */
	BLOCK_MADE,
	BLOCK_NONE,		/* no such device, or no name of one */
};

/* sysfs_dir is "/sys"; in tests, another folder.  name is the kernel's: "vda3". */
enum block_kind block_kind(const char *sysfs_dir, const char *name);

/*
 * The name of the disk that a partition or an area is on; a disk is on itself. -ENOENT: there is no
 * such device; -ENAMETOOLONG.
 */
int block_disk(const char *sysfs_dir, const char *name, char *buf, size_t size_bytes);

/* The same of the device with that number. */
int block_disk_of(const char *sysfs_dir, unsigned major, unsigned minor, char *buf,
		  size_t size_bytes);

/*
 * Whether the disk that a device is on is one that people plug in: on USB, or with a medium that can
 * be taken out.  The board's own may be such a disk too.
 */
bool block_is_plugged(const char *sysfs_dir, const char *name);

/*
 * A file of the device's folder: its text, or the number that is all there is in it.  -ENOENT, or
 * whatever reading it gave.
 */
int block_text(const char *sysfs_dir, const char *name, const char *file, char *buf,
	       size_t size_bytes, size_t *ret_len_bytes);
int block_number(const char *sysfs_dir, const char *name, const char *file, uint64_t max,
		 uint64_t *ret_value);

#endif
