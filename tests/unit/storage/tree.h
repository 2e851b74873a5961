/* SPDX-License-Identifier: MIT */
/* A folder that looks like /sys and /dev, for tests of the scan. */
#ifndef TEST_STORAGE_TREE_H
#define TEST_STORAGE_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"

static char tree_dir[] = "/tmp/cowboot-tree-XXXXXX";

/* Makes every folder of path below the tree, and a file in the last one unless text is NULL. */
static inline void tree_file(const char *path, const char *text)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", tree_dir, path);
	for (char *p = full + strlen(tree_dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		if (sys_mkdir(full, 0755))
			abort();
	}
	if (text ? sys_write_file(full, text, strlen(text)) : sys_mkdir(full, 0755))
		abort();
}

static inline void tree_link(const char *target, const char *path)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", tree_dir, path);
	if (symlink(target, full) < 0)
		abort();
}

/* One disk, with the three numbers of its queue. */
static inline void tree_disk(const char *name, const char *devname, unsigned minor,
			     const char *logical, const char *physical, const char *io_min)
{
	char path[128], text[256];

	(void)snprintf(path, sizeof(path), "sys/devices/%s/uevent", name);
	(void)snprintf(text, sizeof(text), "MAJOR=8\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=disk\n", minor,
		       devname);
	tree_file(path, text);
	(void)snprintf(path, sizeof(path), "sys/devices/%s/size", name);
	tree_file(path, "1000\n");
	(void)snprintf(path, sizeof(path), "sys/devices/%s/queue/logical_block_size", name);
	tree_file(path, logical);
	(void)snprintf(path, sizeof(path), "sys/devices/%s/queue/physical_block_size", name);
	tree_file(path, physical);
	(void)snprintf(path, sizeof(path), "sys/devices/%s/queue/minimum_io_size", name);
	tree_file(path, io_min);
	(void)snprintf(path, sizeof(path), "sys/class/block/%s", name);
	(void)snprintf(text, sizeof(text), "../../devices/%s", name);
	tree_link(text, path);
	(void)snprintf(path, sizeof(path), "dev/%s", devname);
	tree_file(path, "");
}

/* One partition of it; more is further lines of its uevent. */
static inline void tree_part(const char *disk, const char *name, const char *devname,
			     unsigned minor, const char *start, const char *size, const char *more)
{
	char path[128], text[512];

	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/uevent", disk, name);
	(void)snprintf(text, sizeof(text),
		       "MAJOR=8\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=partition\n%s", minor, devname,
		       more);
	tree_file(path, text);
	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/partition", disk, name);
	tree_file(path, "1\n");
	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/start", disk, name);
	tree_file(path, start);
	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/size", disk, name);
	tree_file(path, size);
	(void)snprintf(path, sizeof(path), "sys/class/block/%s", name);
	(void)snprintf(text, sizeof(text), "../../devices/%s/%s", disk, name);
	tree_link(text, path);
	(void)snprintf(path, sizeof(path), "dev/%s", devname);
	tree_file(path, "");
}

/* What an eMMC has beside its partitions: a disk in the folder of the disk, with a queue of its own. */
static inline void tree_area(const char *disk, const char *name, unsigned minor)
{
	char path[128], text[256];

	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/uevent", disk, name);
	(void)snprintf(text, sizeof(text), "MAJOR=179\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=disk\n", minor,
		       name);
	tree_file(path, text);
	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/size", disk, name);
	tree_file(path, "8192\n");
	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/queue/logical_block_size", disk, name);
	tree_file(path, "512\n");
	(void)snprintf(path, sizeof(path), "sys/class/block/%s", name);
	(void)snprintf(text, sizeof(text), "../../devices/%s/%s", disk, name);
	tree_link(text, path);
	(void)snprintf(path, sizeof(path), "dev/%s", name);
	tree_file(path, "");
}

static inline int tree_setup(void **state)
{
	(void)state;
	(void)strcpy(tree_dir + strlen(tree_dir) - 6, "XXXXXX");
	if (!mkdtemp(tree_dir))
		return -1;
	tree_file("sys/class/block", NULL);
	tree_file("dev", NULL);
	return 0;
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int tree_teardown(void **state)
{
	(void)state;
	return nftw(tree_dir, tree_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
