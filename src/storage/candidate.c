/* SPDX-License-Identifier: MIT */
/*
 * What /sys and the partition table say of one device.  Must never write, nor open a disk but for
 * its table.
 */
#include "storage/candidate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "storage/block.h"
#include "storage/table.h"
#include "storage/uevent.h"

int candidate_read(struct candidate *c)
{
	return block_text(c->sysfs_dir, c->name, "uevent", c->uevent, sizeof(c->uevent),
			  &c->len_bytes);
}

bool candidate_value(const struct candidate *c, const char *key, char *buf, size_t size_bytes)
{
	return uevent_value(c->uevent, c->len_bytes, key, buf, size_bytes);
}

bool candidate_number(const struct candidate *c, const char *key, unsigned *ret_value)
{
	char text[16];
	uint64_t value;

	if (!candidate_value(c, key, text, sizeof(text)) || text_number(text, UINT32_MAX, &value))
		return false;
	*ret_value = (unsigned)value;
	return true;
}

bool candidate_is_partition(const struct candidate *c)
{
	char type[16];

	return candidate_value(c, "DEVTYPE", type, sizeof(type)) && strcmp(type, "partition") == 0;
}

/* "/dev/" and the name the kernel gives the node, which may have slashes in it. */
static int node_path(const struct candidate *c, char *buf, size_t size_bytes)
{
	char name[64];
	int len;

	if (!candidate_value(c, "DEVNAME", name, sizeof(name)))
		return -ENOENT;
	len = snprintf(buf, size_bytes, "%s/%s", c->dev_dir, name);
	return len < 0 || (size_t)len >= size_bytes ? -ENAMETOOLONG : 0;
}

/* Of the queue of the disk; a partition's disk is the folder above it. */
static int read_queue(const struct candidate *c, const char *attribute, uint32_t *ret_value)
{
	char path[64];
	uint64_t value;
	int rc;

	(void)snprintf(path, sizeof(path), "%squeue/%s", candidate_is_partition(c) ? "../" : "",
		       attribute);
	rc = block_number(c->sysfs_dir, c->name, path, UINT32_MAX, &value);
	if (!rc)
		*ret_value = (uint32_t)value;
	return rc;
}

int candidate_table(const struct candidate *c, struct gpt_entry *ret_entry)
{
	char disk[BLOCK_NAME_MAX];
	unsigned number;
	int rc;

	if (!candidate_number(c, "PARTN", &number))
		return -ENOENT;
	rc = block_disk(c->sysfs_dir, c->name, disk, sizeof(disk));
	return rc ? rc : table_entry(c->sysfs_dir, c->dev_dir, disk, number, ret_entry);
}

static int fill_disk(const struct candidate *c, struct part *part)
{
	uint32_t physical, io_min;
	int rc = read_queue(c, "logical_block_size", &part->logical_block_bytes);

	if (!rc)
		rc = read_queue(c, "physical_block_size", &physical);
	if (!rc)
		rc = read_queue(c, "minimum_io_size", &io_min);
	if (!rc)
		part->io_min_bytes = physical > io_min ? physical : io_min;
	return rc;
}

static void fill_ids(const struct candidate *c, struct part *part)
{
	struct gpt_entry entry;
	char uuid[PARTUUID_TEXT_MAX];

	if (candidate_table(c, &entry) == 0) {
		memcpy(part->part_uuid, entry.part_uuid, sizeof(part->part_uuid));
		memcpy(part->disk_id, entry.disk_id, sizeof(part->disk_id));
	} else if (candidate_value(c, "PARTUUID", uuid, sizeof(uuid))) {
		(void)place_uuid_parse(uuid, part->part_uuid);	/* else it is not known */
	}
}

int candidate_part(const struct candidate *c, struct part *ret_part)
{
	struct part part = { .start_sectors = 0 };
	uint64_t write_protected = 0;
	struct stat st;
	int rc;

	rc = text_copy(part.name, sizeof(part.name), c->name);
	if (!rc)
		rc = block_disk(c->sysfs_dir, c->name, part.disk, sizeof(part.disk));
	if (!rc)
		rc = node_path(c, part.path, sizeof(part.path));
	if (!rc && !(candidate_number(c, "MAJOR", &part.major) &&
		     candidate_number(c, "MINOR", &part.minor)))
		rc = -ENOENT;
	if (!rc && candidate_is_partition(c))
		rc = block_number(c->sysfs_dir, c->name, "start", UINT64_MAX,
				  &part.start_sectors);
	if (!rc)
		rc = block_number(c->sysfs_dir, c->name, "size", UINT64_MAX, &part.size_sectors);
	if (!rc)
		rc = fill_disk(c, &part);
	/* No such file is no reason to pass over it. */
	(void)block_number(c->sysfs_dir, c->name, "ro", 1, &write_protected);
	part.write_protected = write_protected;
	/*
	 * sysfs shows a device a moment before its node is there; a loop device of size 0 counts as not
	 * there.
	 */
	if (!rc && (stat(part.path, &st) < 0 || !part.size_sectors))
		rc = -ENOENT;
	if (rc)
		return rc;
	if (candidate_is_partition(c))
		fill_ids(c, &part);
	*ret_part = part;
	return 0;
}
