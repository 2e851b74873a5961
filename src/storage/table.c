/* SPDX-License-Identifier: MIT */
/*
 * Partition tables of real disks.  Must never open one for writing; what the kernel is told of
 * partitions (BLKPG) is in its memory only.
 */
#include "storage/table.h"

#include <dirent.h>
#include <errno.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/control.h"
#include "storage/aside.h"
#include "storage/block.h"
#include "storage/dev.h"

#define PATH_BYTES 320
#define WAIT_MS 3000		/* a table is read in milliseconds, or not at all */
#define NUMBER_MAX 128		/* of entries that are looked at */

struct asked {
	const char *sysfs_dir, *dev_dir, *disk;
	unsigned number;
};

static int read_dev(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	return dev_read(ctx, offset_bytes, buf, len_bytes);
}

/* A node may lie in a folder; the kernel's name has '!' there. */
static int open_disk(const struct asked *p, struct dev *dev, struct gpt_disk *ret_disk)
{
	char path[PATH_BYTES];
	uint64_t bytes;
	int rc, at = snprintf(path, sizeof(path), "%s/", p->dev_dir);

	if (at < 0 || snprintf(path + at, sizeof(path) - (size_t)at, "%s", p->disk) >=
			      (int)sizeof(path) - at)
		return -ENAMETOOLONG;
	for (char *c = path + at; (c = strchr(c, '!')); *c = '/')
		;
	rc = block_number(p->sysfs_dir, p->disk, "queue/logical_block_size", UINT32_MAX, &bytes);
	if (!rc)
		rc = dev_open(path, DEV_READ, dev);
	if (!rc)
		*ret_disk = (struct gpt_disk){ .read = read_dev, .ctx = dev,
					       .size_bytes = dev->size_bytes,
					       .logical_block_bytes = (uint32_t)bytes };
	return rc;
}

static int entry_there(const void *what, void *ret_answer)
{
	const struct asked *p = what;
	struct dev dev = DEV_CLOSED;
	struct gpt_disk disk;
	int rc = open_disk(p, &dev, &disk);

	if (!rc)
		rc = gpt_entry(&disk, p->number, ret_answer);
	dev_close(&dev);
	return rc;
}

int table_entry(const char *sysfs_dir, const char *dev_dir, const char *disk, unsigned number,
		struct gpt_entry *ret_entry)
{
	const struct asked p = { sysfs_dir, dev_dir, disk, number };

	return aside_run(disk, entry_there, &p, ret_entry, sizeof(*ret_entry), WAIT_MS);
}

static int look_there(const void *what, void *ret_answer)
{
	struct dev dev = DEV_CLOSED;
	struct gpt_disk disk;
	enum gpt_copies copies;
	int rc = open_disk(what, &dev, &disk);

	if (!rc) {
		copies = gpt_look(&disk);
		memcpy(ret_answer, &copies, sizeof(copies));
	}
	dev_close(&dev);
	return rc;
}

int table_look(const char *sysfs_dir, const char *dev_dir, const char *disk,
	       enum gpt_copies *ret_copies)
{
	const struct asked p = { sysfs_dir, dev_dir, disk, 0 };

	return aside_run(disk, look_there, &p, ret_copies, sizeof(*ret_copies), WAIT_MS);
}

/* An eMMC's areas are in its folder, too, and begin as its partitions do. */
bool table_is_known(const char *sysfs_dir, const char *disk)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	bool known = false;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/class/block/%s", sysfs_dir, disk) >=
	    (int)sizeof(path))
		return false;
	dir = opendir(path);
	while (dir && !known && (entry = readdir(dir)))
		known = entry->d_name[0] != '.' &&
			snprintf(path, sizeof(path), "%s/class/block/%s/%s/partition", sysfs_dir,
				 disk, entry->d_name) < (int)sizeof(path) &&
			access(path, F_OK) == 0;
	if (dir)
		(void)closedir(dir);	/* only read */
	return known;
}

static bool add_partition(const struct dev *dev, unsigned number, const struct gpt_entry *entry)
{
	struct blkpg_partition part = { .start = (long long)entry->start_bytes,
					.length = (long long)entry->size_bytes,
					.pno = (int)number };
	struct blkpg_ioctl_arg arg = { .op = BLKPG_ADD_PARTITION, .datalen = sizeof(part),
				       .data = &part };

	return control(dev->fd, BLKPG, &arg) == 0;
}

static unsigned add_all(const struct dev *dev, const struct gpt_disk *disk)
{
	unsigned added = 0;

	for (unsigned number = 1; number <= NUMBER_MAX; number++) {
		struct gpt_entry entry;

		if (gpt_entry(disk, number, &entry) == 0 && add_partition(dev, number, &entry))
			added++;
	}
	return added;
}

static int reread_there(const void *what, void *ret_answer)
{
	const struct asked *p = what;
	struct table_reread done = { .asked = false };
	struct dev dev = DEV_CLOSED;
	struct gpt_disk disk;
	int rc = open_disk(p, &dev, &disk);

	if (rc)
		return rc;
	done.asked = true;
	done.rc = control(dev.fd, BLKRRPART, NULL);
	if (!table_is_known(p->sysfs_dir, p->disk))
		done.copies = gpt_look(&disk);
	if (done.copies == GPT_SECOND || done.copies == GPT_UNSEEN ||
	    done.copies == GPT_UNREADABLE)
		done.added = add_all(&dev, &disk);
	dev_close(&dev);
	memcpy(ret_answer, &done, sizeof(done));
	return 0;
}

int table_reread(const char *sysfs_dir, const char *dev_dir, const char *disk,
		 struct table_reread *ret_done)
{
	const struct asked p = { sysfs_dir, dev_dir, disk, 0 };

	return aside_run(disk, reread_there, &p, ret_done, sizeof(*ret_done), WAIT_MS);
}
