/* SPDX-License-Identifier: MIT */
/*
 * A partition table that the kernel could not read.  Must never touch a disk that has partitions:
 * they would go and come while others look at them.  Part of I10: one failed read ends no boot.
 */
#include "storage/reread.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "storage/block.h"
#include "storage/table.h"

#define PATH_BYTES 320

static char lost[REREAD_WHY_MAX];

const char *reread_lost(void)
{
	return lost;
}

static bool has_bytes(const char *sysfs_dir, const char *name)
{
	uint64_t sectors;

	return block_number(sysfs_dir, name, "size", UINT64_MAX, &sectors) == 0 && sectors;
}

static void tell(const char *name, const struct table_reread *done)
{
	if (done->added) {
		log_warn("/dev/%s: %s is damaged; its partitions, %u of them, are from the %s copy of its "
			 "table", name, done->copies == GPT_SECOND ? "the first copy of its partition "
			 "table" : "its first sector", done->added,
			 done->copies == GPT_SECOND ? "second" : "first");
		return;
	}
	log_info("/dev/%s has no partitions: its table is read again%s%s", name,
		 done->rc ? ": " : "", done->rc ? strerror(-done->rc) : "");
	if (done->copies == GPT_LOST)
		(void)snprintf(lost, sizeof(lost), "both copies of the partition table of /dev/%.31s "
			       "are damaged", name);
}

static bool reread(const char *sysfs_dir, const char *dev_dir, const char *name)
{
	struct table_reread done;
	int rc = table_reread(sysfs_dir, dev_dir, name, &done);

	if (rc == -ETIMEDOUT)
		log_warn("/dev/%s does not answer: nobody waits for it", name);
	if (!rc)
		tell(name, &done);
	return !rc && done.asked;
}

unsigned reread_tables(const char *sysfs_dir, const char *dev_dir)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	unsigned asked = 0;
	DIR *dir;

	lost[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/class/block", sysfs_dir) >= (int)sizeof(path))
		return 0;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (block_kind(sysfs_dir, entry->d_name) == BLOCK_DISK &&
		    has_bytes(sysfs_dir, entry->d_name) &&
		    !table_is_known(sysfs_dir, entry->d_name) &&
		    reread(sysfs_dir, dev_dir, entry->d_name))
			asked++;
	if (dir)
		(void)closedir(dir);	/* only read */
	return asked;
}
