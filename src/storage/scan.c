/* SPDX-License-Identifier: MIT */
/*
 * One pass over /sys/class/block.  Must never open a device it does not need, nor return for a label or
 * a UUID a device that is nobody's disk (BLOCK_MADE): a loop device over an image of the board's disk
 * has the same ones.  A device can go while it is looked at; what cannot be read is then not there.
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
#include "storage/block.h"
#include "storage/candidate.h"

#define PATH_BYTES 256

struct look {
	const char *sysfs_dir, *dev_dir;
	enum spec_kind kind;
	const char *value;
	const char *disk;	/* that a label must be on; NULL: any */
	/*
	 * Read more tables: for labels that the kernel does not know, and for UUIDs on other disks than
	 * `disk`.  Without `disk`, each disk is asked for a UUID at once: a clone must not go unseen.
	 */
	bool thorough;
	dev_t node;		/* of a path that is a block device now; else 0 */
};

static bool is_on(const char *disk, const struct candidate *c)
{
	char name[BLOCK_NAME_MAX];

	return block_disk(c->sysfs_dir, c->name, name, sizeof(name)) == 0 &&
	       strcmp(name, disk) == 0;
}

/* Kernels before 6.9 do not tell it. */
static bool has_partuuid(const struct look *look, const struct candidate *c)
{
	struct gpt_entry entry;
	char uuid[64];

	if (candidate_value(c, "PARTUUID", uuid, sizeof(uuid)))
		return strcasecmp(uuid, look->value) == 0;
	if (look->disk && !look->thorough && !is_on(look->disk, c))
		return false;
	return candidate_table(c, &entry) == 0 && strcasecmp(entry.uuid, look->value) == 0;
}

/* The kernel knows no names of the partitions that table.c gave it. */
static bool has_label(const struct look *look, const struct candidate *c)
{
	struct gpt_entry entry;
	char label[64];

	if (candidate_value(c, "PARTNAME", label, sizeof(label)))
		return strcmp(label, look->value) == 0;
	return candidate_is_partition(c) && look->thorough && candidate_table(c, &entry) == 0 &&
	       strcmp(entry.label, look->value) == 0;
}

static bool has_path(const struct look *look, const struct candidate *c)
{
	unsigned major, minor;
	char name[64];

	if (look->node)
		return candidate_number(c, "MAJOR", &major) && candidate_number(c, "MINOR", &minor) &&
		       makedev(major, minor) == look->node;
	return candidate_value(c, "DEVNAME", name, sizeof(name)) &&
	       strcmp(name, look->value + strlen("/dev/")) == 0;
}

static bool is_meant(const struct look *look, const struct candidate *c)
{
	switch (look->kind) {
	case SPEC_PATH:
		return has_path(look, c);
	case SPEC_PARTLABEL:
		return has_label(look, c);
	case SPEC_PARTUUID:
		return candidate_is_partition(c) && has_partuuid(look, c);
	}
	return false;
}

/* A device that is nobody's disk answers to its path only: who writes /dev/loop0 means that one. */
static bool may_be_meant(const struct look *look, const struct candidate *c)
{
	char name[64];

	if (strncmp(c->name, "dm-", 3) == 0 || strncmp(c->name, "ram", 3) == 0 ||
	    strncmp(c->name, "zram", 4) == 0)
		return false;
	if (block_kind(look->sysfs_dir, c->name) != BLOCK_MADE)
		return true;
	return look->kind == SPEC_PATH && candidate_value(c, "DEVNAME", name, sizeof(name)) &&
	       strcmp(name, look->value + strlen("/dev/")) == 0;
}

/* 1: it is the one, and ret_part is set. */
static int look_at(const struct look *look, const char *name, struct part *ret_part)
{
	struct candidate c = { .sysfs_dir = look->sysfs_dir, .dev_dir = look->dev_dir,
			       .name = name };
	int rc;

	if (name[0] == '.')
		return 0;
	rc = candidate_read(&c);
	if (!rc && !(may_be_meant(look, &c) && is_meant(look, &c)))
		return 0;
	if (!rc)
		rc = candidate_part(&c, ret_part);
	if (rc)
		log_line(LOG_DEBUG, "passed over %s: %s", name, strerror(-rc));
	return rc ? 0 : 1;
}

static int two_answer(const char *spec, const struct part *one, const struct part *other)
{
	return fail(ENOTUNIQ, "cannot tell which partition %s is: %s and %s both answer to it", spec,
		    one->path, other->path);
}

/* A label means the disk's own; a UUID does where a copy of that disk answers to it as well. */
static int weigh(const struct look *look, const char *spec, const struct part *found,
		 const struct part *elsewhere, struct part *ret_part)
{
	const bool may_be_elsewhere = look->kind == SPEC_PARTUUID;

	if (!found->size_sectors && !elsewhere->size_sectors)
		return fail(ENODEV, "cannot find %s: there is no such partition", spec);
	if (!found->size_sectors && !may_be_elsewhere)
		return fail(EXDEV, "cannot use %s: it is %s, and the record is on another disk, %s",
			    spec, elsewhere->path, look->disk);
	if (found->size_sectors && elsewhere->size_sectors)
		log_info("%s is %s: it is on %s with the record; passed over is %s", spec,
			 found->path, look->disk, elsewhere->path);
	*ret_part = found->size_sectors ? *found : *elsewhere;
	return 0;
}

static int look_through(const struct look *look, DIR *dir, const char *spec, struct part *ret_part)
{
	struct part found = { .size_sectors = 0 }, elsewhere = { .size_sectors = 0 }, other;
	struct part another = { .size_sectors = 0 };
	const struct dirent *entry;

	while (errno = 0, entry = readdir(dir)) {
		if (!look_at(look, entry->d_name, &other))
			continue;
		if (look->kind != SPEC_PATH && look->disk && strcmp(look->disk, other.disk) != 0) {
			another = elsewhere;
			elsewhere = other;
			continue;
		}
		if (found.size_sectors)
			return two_answer(spec, &found, &other);
		found = other;
	}
	if (errno)
		return fail_sys(errno, "cannot list the block devices");
	if (look->kind == SPEC_PARTUUID && !found.size_sectors && another.size_sectors)
		return two_answer(spec, &elsewhere, &another);
	return weigh(look, spec, &found, &elsewhere, ret_part);
}

static int look_once(struct look *look, const char *spec, struct part *ret_part)
{
	char path[PATH_BYTES];
	DIR *dir;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/class/block", look->sysfs_dir);
	dir = opendir(path);
	if (!dir)
		return fail_sys(errno, "cannot list the block devices in %s", path);
	rc = look_through(look, dir, spec, ret_part);
	/* Tables are read only where the kernel's word is not enough. */
	if (rc == -ENODEV && look->kind != SPEC_PATH) {
		look->thorough = true;
		rewinddir(dir);
		rc = look_through(look, dir, spec, ret_part);
	}
	(void)closedir(dir);	/* only read */
	return rc;
}

int scan_part(const char *sysfs_dir, const char *dev_dir, const char *spec, const char *disk,
	      struct part *ret_part)
{
	struct look look = { .sysfs_dir = sysfs_dir, .dev_dir = dev_dir, .disk = disk };
	char path[PATH_BYTES];
	struct stat st;
	int rc = spec_parse(spec, &look.kind, &look.value);

	if (rc)
		return rc;
	if (look.kind == SPEC_PATH) {
		(void)snprintf(path, sizeof(path), "%s%s", dev_dir, spec + strlen("/dev"));
		if (stat(path, &st) == 0 && S_ISBLK(st.st_mode))
			look.node = st.st_rdev;
	}
	return look_once(&look, spec, ret_part);
}
