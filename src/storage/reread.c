/* SPDX-License-Identifier: MIT */
/*
 * A partition table that the kernel could not read.  Must never touch a disk that has partitions:
 * they would go and come while others look at them.  Part of I10: one failed read ends no boot.
 */
#include "storage/reread.h"

#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/control.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "storage/dev.h"

#define PATH_BYTES 320

/* Not device-mapper's, nor what never has partitions of its own accord. */
static bool is_skipped(const char *name)
{
	static const char *const prefixes[] = { ".", "dm-", "loop", "ram", "zram", "sr" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool has_bytes(const char *disk_dir)
{
	char path[PATH_BYTES], text[32];
	uint64_t sectors;

	if (snprintf(path, sizeof(path), "%s/size", disk_dir) >= (int)sizeof(path) ||
	    sys_read_file(path, text, sizeof(text), NULL))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return text_number(text, UINT64_MAX, &sectors) == 0 && sectors;
}

/* A partition has no folder "queue"; a partition's folder is in its disk's, and begins as it. */
static bool is_bare_disk(const char *disk_dir, const char *name)
{
	DIR *dir = opendir(disk_dir);
	const struct dirent *entry;
	bool disk = false, bare = true;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, "queue") == 0)
			disk = true;
		if (strncmp(entry->d_name, name, strlen(name)) == 0)
			bare = false;
	}
	(void)closedir(dir);	/* only read */
	return disk && bare && has_bytes(disk_dir);
}

static bool reread(const char *dev_dir, const char *name)
{
	char path[PATH_BYTES];
	struct dev dev;
	int rc;

	if (snprintf(path, sizeof(path), "%s/%s", dev_dir, name) >= (int)sizeof(path) ||
	    dev_open(path, DEV_READ, &dev))
		return false;
	rc = control(dev.fd, BLKRRPART, NULL);
	dev_close(&dev);
	log_info("%s has no partitions: its table is read again%s%s", path, rc ? ": " : "",
		 rc ? strerror(-rc) : "");
	return true;
}

unsigned reread_tables(const char *sysfs_dir, const char *dev_dir)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	unsigned asked = 0;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/class/block", sysfs_dir) >= (int)sizeof(path))
		return 0;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (is_skipped(entry->d_name) ||
		    snprintf(path, sizeof(path), "%s/class/block/%s", sysfs_dir, entry->d_name) >=
			    (int)sizeof(path))
			continue;
		if (is_bare_disk(path, entry->d_name) && reread(dev_dir, entry->d_name))
			asked++;
	}
	if (dir)
		(void)closedir(dir);	/* only read */
	return asked;
}
