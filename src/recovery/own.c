/* SPDX-License-Identifier: MIT */
/*
 * Which disks are the board's own.  In doubt a disk is one: without a usable configuration, each but
 * those that people plug in; and in any case a disk with a record, or with a partition that is called
 * as one of the board's is.
 */
#include "recovery/own.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sys.h"
#include "state/copies.h"
#include "state/record_bytes.h"

#define PATH_BYTES 512

/* Where the devices of a tree are: "/sys" and "/dev" of the board, or of a test. */
static const char *below(const char *root, const char *dir, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s%s", root, dir);
	return path;
}

static int disk_of(const struct own *own, const char *name, char disk[BLOCK_NAME_MAX])
{
	char sysfs[PATH_BYTES];

	return block_disk(below(own->root, "/sys", sysfs), name, disk, BLOCK_NAME_MAX);
}

/* An area of an eMMC is no stick, whoever's it is: a boot loader may lie there. */
static bool may_be_stick(const struct own *own, const char *name)
{
	char sysfs[PATH_BYTES];
	const enum block_kind kind = block_kind(below(own->root, "/sys", sysfs), name);

	return kind == BLOCK_DISK || kind == BLOCK_PARTITION;
}

static bool same_disk(const struct own *own, const char *name, const struct part *part, bool has)
{
	char disk[BLOCK_NAME_MAX];

	return has && disk_of(own, name, disk) == 0 && strcmp(disk, part->disk) == 0;
}

/* Whether it is on the disk of one of the board's partitions. */
static bool is_ours(const struct own *own, const char *name)
{
	const struct world *w = own->world;

	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (same_disk(own, name, &w->volume_part[i],
			      w->has_volume[i] || w->volume_replaced[i]))
			return true;
	return same_disk(own, name, &w->meta_part, w->has_meta) ||
	       same_disk(own, name, &w->data_part, w->has_data) ||
	       same_disk(own, name, &w->store_part, w->has_store_part) ||
	       same_disk(own, name, &w->esp_part, w->has_esp) ||
	       same_disk(own, name, &w->boot_part[0], w->has_boot[0]) ||
	       same_disk(own, name, &w->boot_part[1], w->has_boot[1]);
}

/* The partition's name in its table, or empty. */
static void part_name(const struct own *own, const char *name, char *buf, size_t size_bytes)
{
	char sysfs[PATH_BYTES], text[1024];
	const char *at;

	buf[0] = 0;
	if (block_text(below(own->root, "/sys", sysfs), name, "uevent", text, sizeof(text), NULL))
		return;
	at = strstr(text, "\nPARTNAME=");
	if (at)
		(void)snprintf(buf, size_bytes, "%.*s", (int)strcspn(at + 10, "\n"), at + 10);
}

static bool is_spec(const char *spec, const char *label)
{
	return strncmp(spec, "PARTLABEL=", 10) == 0 && strcmp(spec + 10, label) == 0;
}

/*
 * Where two partitions answer to one name neither was taken, and a disk whose table cannot be read
 * whole has some only: what is called so is the board's all the same.
 */
static bool is_called_ours(const struct own *own, const char *name)
{
	const struct conf *conf = own->world ? own->world->conf : NULL;
	char label[128];

	part_name(own, name, label, sizeof(label));
	if (!label[0])
		return false;
	if (!conf)
		return strcmp(label, "meta") == 0;
	for (unsigned i = 0; i < conf->volume_count; i++)
		if (is_spec(conf->volume[i].spec, label))
			return true;
	return is_spec(conf->meta, label) || is_spec(conf->data.spec, label) ||
	       is_spec(conf->store, label) || is_spec(conf->esp, label) ||
	       is_spec(conf->boot[0], label) || is_spec(conf->boot[1], label);
}

static bool holds_record(const struct own *own, const char *name)
{
	static uint8_t block[RECORD_BLOCK_BYTES];
	struct dev dev = DEV_CLOSED;
	char devices[PATH_BYTES - BLOCK_NAME_MAX], path[PATH_BYTES];
	bool holds = false;

	(void)snprintf(devices, sizeof(devices), "%s/dev", own->root);
	(void)snprintf(path, sizeof(path), "%s/%s", devices, name);
	if (dev_open(path, DEV_READ, &dev))
		return false;
	for (uint64_t at = 0; at <= COPY_B_OFFSET_BYTES; at += COPY_B_OFFSET_BYTES)
		if (dev.size_bytes >= META_BYTES_MIN && !dev_read(&dev, at, block, sizeof(block)))
			holds |= record_length(block) != 0;
	dev_close(&dev);
	return holds;
}

/* For boards where nothing says which disks are theirs: whether nobody can have plugged this one in. */
static bool is_built_in(const struct own *own, const char *name)
{
	char sysfs[PATH_BYTES];

	return !block_is_plugged(below(own->root, "/sys", sysfs), name);
}

static bool is_listed(const struct own *own, const char *disk)
{
	for (unsigned i = 0; i < own->count; i++)
		if (strcmp(own->disk[i], disk) == 0)
			return true;
	return false;
}

static int look_at(void *ctx, const char *name)
{
	struct own *own = ctx;
	char disk[BLOCK_NAME_MAX];

	if (!may_be_stick(own, name) || disk_of(own, name, disk) || is_listed(own, disk))
		return 0;
	if ((own->world ? is_ours(own, name) : is_built_in(own, name)) ||
	    is_called_ours(own, name) || holds_record(own, name)) {
		if (own->count == ARRAY_SIZE(own->disk))
			own->is_full = true;
		else
			memcpy(own->disk[own->count++], disk, sizeof(disk));
	}
	return 0;
}

int own_find(const char *root, const struct world *w, struct own *ret_own)
{
	char path[PATH_BYTES];

	*ret_own = (struct own){ .root = root, .world = w };
	return sys_each_name(below(root, "/sys/class/block", path), look_at, ret_own);
}

bool own_is_foreign(const struct own *own, const char *name)
{
	char disk[BLOCK_NAME_MAX];

	return !own->is_full && may_be_stick(own, name) && disk_of(own, name, disk) == 0 &&
	       !is_listed(own, disk);
}
