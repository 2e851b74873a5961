/* SPDX-License-Identifier: MIT */
/*
 * One pass over /sys/class/block.  Must never open a device it does not need, nor return one of
 * ours: device-mapper's are passed over.  A device can go while it is looked at; what cannot be
 * read is then not there.
 */
#include "storage/scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/spec.h"
#include "base/sys.h"
#include "base/text.h"
#include "storage/dev.h"
#include "storage/gpt.h"
#include "storage/uevent.h"

#define PATH_BYTES 256
#define UEVENT_BYTES 2048

struct look {
	const char *sysfs_dir, *dev_dir;
	enum spec_kind kind;
	const char *value;
	dev_t node;		/* of a path that is a block device now; else 0 */
};

struct candidate {
	const char *name;
	size_t len_bytes;
	char uevent[UEVENT_BYTES];
};

static bool is_skipped(const char *name)
{
	return name[0] == '.' || strncmp(name, "dm-", 3) == 0 || strncmp(name, "ram", 3) == 0 ||
	       strncmp(name, "zram", 4) == 0;
}

static int read_attribute(const struct look *look, const char *name, const char *attribute,
			  char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	char path[PATH_BYTES];
	int len = snprintf(path, sizeof(path), "%s/class/block/%s/%s", look->sysfs_dir, name,
			   attribute);

	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	return sys_read_file(path, buf, size_bytes, ret_len_bytes);
}

static int read_number(const struct look *look, const char *name, const char *attribute,
		       uint64_t max, uint64_t *ret_value)
{
	char text[32];
	int rc = read_attribute(look, name, attribute, text, sizeof(text), NULL);

	if (rc)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	return text_number(text, max, ret_value);
}

static bool value_of(const struct candidate *c, const char *key, char *buf, size_t size_bytes)
{
	return uevent_value(c->uevent, c->len_bytes, key, buf, size_bytes);
}

static bool number_of(const struct candidate *c, const char *key, unsigned *ret_value)
{
	char text[16];
	uint64_t value;

	if (!value_of(c, key, text, sizeof(text)) || text_number(text, UINT32_MAX, &value))
		return false;
	*ret_value = (unsigned)value;
	return true;
}

static bool is_partition(const struct candidate *c)
{
	char type[16];

	return value_of(c, "DEVTYPE", type, sizeof(type)) && strcmp(type, "partition") == 0;
}

/* "/dev/" and the name the kernel gives the node, which may have slashes in it. */
static int node_path(const struct look *look, const char *uevent, size_t len_bytes, char *buf,
		     size_t size_bytes)
{
	char name[64];
	int len;

	if (!uevent_value(uevent, len_bytes, "DEVNAME", name, sizeof(name)))
		return -ENOENT;
	len = snprintf(buf, size_bytes, "%s/%s", look->dev_dir, name);
	return len < 0 || (size_t)len >= size_bytes ? -ENAMETOOLONG : 0;
}

static int read_dev(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	return dev_read(ctx, offset_bytes, buf, len_bytes);
}

/* Of the queue of the disk; a partition's disk is the folder above it. */
static int read_queue(const struct look *look, const struct candidate *c, const char *attribute,
		      uint32_t *ret_value)
{
	char path[64];
	uint64_t value;
	int rc;

	(void)snprintf(path, sizeof(path), "%squeue/%s", is_partition(c) ? "../" : "", attribute);
	rc = read_number(look, c->name, path, UINT32_MAX, &value);
	if (!rc)
		*ret_value = (uint32_t)value;
	return rc;
}

/* The PARTUUID from the table of the disk that the partition is on. */
static int read_table(const struct look *look, const struct candidate *c, char *ret_uuid)
{
	char uevent[UEVENT_BYTES], path[PATH_BYTES];
	uint32_t block_bytes;
	unsigned number;
	size_t len_bytes;
	struct dev dev;
	int rc;

	if (!number_of(c, "PARTN", &number))
		return -ENOENT;
	rc = read_attribute(look, c->name, "../uevent", uevent, sizeof(uevent), &len_bytes);
	if (!rc)
		rc = read_queue(look, c, "logical_block_size", &block_bytes);
	if (!rc)
		rc = node_path(look, uevent, len_bytes, path, sizeof(path));
	if (!rc)
		rc = dev_open(path, DEV_READ, &dev);
	if (rc)
		return rc;
	rc = gpt_partuuid(&(struct gpt_disk){ .read = read_dev, .ctx = &dev,
					      .size_bytes = dev.size_bytes,
					      .logical_block_bytes = block_bytes },
			  number, ret_uuid);
	dev_close(&dev);
	return rc;
}

static bool has_partuuid(const struct look *look, const struct candidate *c)
{
	char uuid[64];
	int rc;

	if (!value_of(c, "PARTUUID", uuid, sizeof(uuid))) {
		rc = read_table(look, c, uuid);
		if (rc) {
			log_line(LOG_DEBUG, "no PARTUUID of %s: %s", c->name, strerror(-rc));
			return false;
		}
	}
	return strcasecmp(uuid, look->value) == 0;
}

static bool has_path(const struct look *look, const struct candidate *c)
{
	unsigned major, minor;
	char name[64];

	if (look->node)
		return number_of(c, "MAJOR", &major) && number_of(c, "MINOR", &minor) &&
		       makedev(major, minor) == look->node;
	return value_of(c, "DEVNAME", name, sizeof(name)) &&
	       strcmp(name, look->value + strlen("/dev/")) == 0;
}

static bool is_meant(const struct look *look, const struct candidate *c)
{
	char label[64];

	switch (look->kind) {
	case SPEC_PATH:
		return has_path(look, c);
	case SPEC_PARTLABEL:
		return value_of(c, "PARTNAME", label, sizeof(label)) &&
		       strcmp(label, look->value) == 0;
	case SPEC_PARTUUID:
		return is_partition(c) && has_partuuid(look, c);
	}
	return false;
}

static int fill_disk(const struct look *look, const struct candidate *c, struct part *part)
{
	uint32_t physical, io_min;
	int rc = read_queue(look, c, "logical_block_size", &part->logical_block_bytes);

	if (!rc)
		rc = read_queue(look, c, "physical_block_size", &physical);
	if (!rc)
		rc = read_queue(look, c, "minimum_io_size", &io_min);
	if (!rc)
		part->io_min_bytes = physical > io_min ? physical : io_min;
	return rc;
}

static int fill(const struct look *look, const struct candidate *c, struct part *ret_part)
{
	struct part part = { .start_sectors = 0 };
	struct stat st;
	int rc;

	rc = text_copy(part.name, sizeof(part.name), c->name);
	if (!rc)
		rc = node_path(look, c->uevent, c->len_bytes, part.path, sizeof(part.path));
	if (!rc && !(number_of(c, "MAJOR", &part.major) && number_of(c, "MINOR", &part.minor)))
		rc = -ENOENT;
	if (!rc && is_partition(c))
		rc = read_number(look, c->name, "start", UINT64_MAX, &part.start_sectors);
	if (!rc)
		rc = read_number(look, c->name, "size", UINT64_MAX, &part.size_sectors);
	if (!rc)
		rc = fill_disk(look, c, &part);
	/* sysfs is a moment earlier than the node; an empty loop device is not there at all. */
	if (!rc && (stat(part.path, &st) < 0 || !part.size_sectors))
		rc = -ENOENT;
	if (!rc)
		*ret_part = part;
	return rc;
}

/* 1: it is the one, and ret_part is set. */
static int look_at(const struct look *look, const char *name, struct part *ret_part)
{
	struct candidate c = { .name = name };
	int rc;

	if (is_skipped(name))
		return 0;
	rc = read_attribute(look, name, "uevent", c.uevent, sizeof(c.uevent), &c.len_bytes);
	if (!rc && !is_meant(look, &c))
		return 0;
	if (!rc)
		rc = fill(look, &c, ret_part);
	if (rc)
		log_line(LOG_DEBUG, "passed over %s: %s", name, strerror(-rc));
	return rc ? 0 : 1;
}

static int look_through(const struct look *look, DIR *dir, const char *spec, struct part *ret_part)
{
	struct part found = { .size_sectors = 0 }, other;
	const struct dirent *entry;

	while (errno = 0, entry = readdir(dir)) {
		if (!look_at(look, entry->d_name, &other))
			continue;
		if (found.size_sectors)
			return fail(ENOTUNIQ, "cannot tell which partition %s is: %s and %s both "
				    "answer to it", spec, found.path, other.path);
		found = other;
	}
	if (errno)
		return fail_sys(errno, "cannot list the block devices");
	if (!found.size_sectors)
		return fail(ENODEV, "cannot find %s: there is no such partition", spec);
	*ret_part = found;
	return 0;
}

int scan_part(const char *sysfs_dir, const char *dev_dir, const char *spec, struct part *ret_part)
{
	struct look look = { .sysfs_dir = sysfs_dir, .dev_dir = dev_dir };
	char path[PATH_BYTES];
	struct stat st;
	DIR *dir;
	int rc = spec_parse(spec, &look.kind, &look.value);

	if (rc)
		return rc;
	if (look.kind == SPEC_PATH) {
		(void)snprintf(path, sizeof(path), "%s%s", dev_dir, spec + strlen("/dev"));
		if (stat(path, &st) == 0 && S_ISBLK(st.st_mode))
			look.node = st.st_rdev;
	}
	(void)snprintf(path, sizeof(path), "%s/class/block", sysfs_dir);
	dir = opendir(path);
	if (!dir)
		return fail_sys(errno, "cannot list the block devices in %s", path);
	rc = look_through(&look, dir, spec, ret_part);
	(void)closedir(dir);	/* only read */
	return rc;
}
