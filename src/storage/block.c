/* SPDX-License-Identifier: MIT */
/*
 * Kinds of block devices.  A name says little: mmcblk0boot0 begins as a partition of mmcblk0 does.
 * What counts is the folder: a partition has a file "partition" in it, and what lies in the folder
 * of another block device without one is an area of that disk.
 */
#include "storage/block.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sys.h"
#include "base/text.h"

#define PATH_BYTES 512
#define DEPTH_MAX 4	/* a partition on an area on a disk, and one to spare */

static bool class_path(char path[PATH_BYTES], const char *sysfs_dir, const char *name,
		       const char *file)
{
	int len = snprintf(path, PATH_BYTES, "%s/class/block/%s%s", sysfs_dir, name, file);

	return len > 0 && len < PATH_BYTES;
}

static bool exists(const char *sysfs_dir, const char *name, const char *file)
{
	char path[PATH_BYTES];

	return class_path(path, sysfs_dir, name, file) && access(path, F_OK) == 0;
}

/* Where the device's folder is, without that folder's own name. */
static int folder_above(const char *sysfs_dir, const char *name, char target[PATH_BYTES])
{
	char path[PATH_BYTES];
	char *last;
	ssize_t len;

	if (!class_path(path, sysfs_dir, name, ""))
		return -ENAMETOOLONG;
	len = readlink(path, target, PATH_BYTES - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	last = strrchr(target, '/');
	if (!last)
		return -ENOENT;
	*last = '\0';
	return 0;
}

/* The block device whose folder this one's folder is in; false: there is none. */
static bool parent_of(const char *sysfs_dir, const char *name, char *buf, size_t size_bytes)
{
	char target[PATH_BYTES];
	const char *last;

	if (folder_above(sysfs_dir, name, target))
		return false;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	return *last && *last != '.' && exists(sysfs_dir, last, "") &&
	       text_copy(buf, size_bytes, last) == 0;
}

int block_disk(const char *sysfs_dir, const char *name, char *buf, size_t size_bytes)
{
	char now[BLOCK_NAME_MAX], above[BLOCK_NAME_MAX];
	int rc = text_copy(now, sizeof(now), name);

	if (rc)
		return rc;
	if (!exists(sysfs_dir, name, ""))
		return -ENOENT;
	for (int i = 0; i < DEPTH_MAX && parent_of(sysfs_dir, now, above, sizeof(above)); i++)
		memcpy(now, above, sizeof(now));
	return text_copy(buf, size_bytes, now);
}

int block_disk_of(const char *sysfs_dir, unsigned major, unsigned minor, char *buf,
		  size_t size_bytes)
{
	char path[PATH_BYTES], target[PATH_BYTES];
	const char *last;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "%s/dev/block/%u:%u", sysfs_dir, major, minor);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	last = strrchr(target, '/');
	return last ? block_disk(sysfs_dir, last + 1, buf, size_bytes) : -ENOENT;
}

/*
 * Devices with no hardware below them: by their names, since older kernels keep some elsewhere, and by
 * the folder that the kernel has for such devices.
 */
static bool is_made(const char *sysfs_dir, const char *name)
{
	static const char *const kinds[] = {
		"dm-", "loop", "ram", "zram", "nbd", "md", "bcache", "drbd", "rbd", "zd",
		"mtdblock", "ubiblock", "sr", "fd",
	};
	char target[PATH_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return folder_above(sysfs_dir, name, target) == 0 &&
	       strstr(target, "/devices/virtual/block");
}

enum block_kind block_kind(const char *sysfs_dir, const char *name)
{
	char above[BLOCK_NAME_MAX];

	if (!*name || *name == '.' || strlen(name) >= BLOCK_NAME_MAX ||
	    !exists(sysfs_dir, name, ""))
		return BLOCK_NONE;
	if (is_made(sysfs_dir, name))
		return BLOCK_MADE;
	if (exists(sysfs_dir, name, "/partition"))
		return BLOCK_PARTITION;
	return parent_of(sysfs_dir, name, above, sizeof(above)) ? BLOCK_AREA : BLOCK_DISK;
}

/* Every device of a USB bus lies in the folder of its root hub, usb1. */
static bool is_on_usb(const char *path)
{
	while ((path = strstr(path, "/usb"))) {
		path += strlen("/usb");
		if (*path >= '0' && *path <= '9')
			return true;
	}
	return false;
}

bool block_is_plugged(const char *sysfs_dir, const char *name)
{
	char disk[BLOCK_NAME_MAX], path[PATH_BYTES], removable[8];

	if (block_disk(sysfs_dir, name, disk, sizeof(disk)) ||
	    folder_above(sysfs_dir, disk, path))
		return false;
	if (is_on_usb(path))
		return true;
	return block_text(sysfs_dir, disk, "removable", removable, sizeof(removable), NULL) == 0 &&
	       removable[0] == '1';
}

int block_text(const char *sysfs_dir, const char *name, const char *file, char *buf,
	       size_t size_bytes, size_t *ret_len_bytes)
{
	char path[PATH_BYTES];
	int len = snprintf(path, sizeof(path), "%s/class/block/%s/%s", sysfs_dir, name, file);

	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	return sys_read_file(path, buf, size_bytes, ret_len_bytes);
}

int block_number(const char *sysfs_dir, const char *name, const char *file, uint64_t max,
		 uint64_t *ret_value)
{
	char text[32];
	int rc = block_text(sysfs_dir, name, file, text, sizeof(text), NULL);

	if (rc)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	return text_number(text, max, ret_value);
}
