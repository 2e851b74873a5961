/* SPDX-License-Identifier: MIT */
/* The fake kernel's devices: tables, who has what open, where a sector lies. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"

struct dm_device dm_devices[DM_DEVICES_MAX];
struct snap snaps[DM_DEVICES_MAX];
bool trial_seen;

void kernel_reset(void)
{
	for (int i = 0; i < DM_DEVICES_MAX; i++) {
		dm_devices[i].used = false;
		snaps[i].used = false;
	}
	trial_seen = false;
}

int dm_minor_of_path(const char *path)
{
	static const char dir[] = "/dev/mapper/";

	if (strncmp(path, dir, sizeof(dir) - 1))
		return -1;
	for (int i = 0; i < DM_DEVICES_MAX; i++)
		if (dm_devices[i].used && !strcmp(dm_devices[i].name, path + sizeof(dir) - 1))
			return i;
	return -1;
}

bool dm_open(int minor, int by)
{
	if (by > 0 && dm_devices[minor].live.kind == DMK_NONE)
		return false;
	dm_devices[minor].open = (unsigned)((int)dm_devices[minor].open + by);
	return true;
}

uint64_t dm_size(int minor)
{
	return dm_devices[minor].live.size;
}

bool dm_writable(int minor)
{
	return !dm_devices[minor].live.readonly;
}

bool dm_bare(int minor)
{
	return dm_devices[minor].live.kind == DMK_LINEAR;
}

static int below(int major, int minor, uint64_t sector)
{
	if (major == MAJOR_DM)
		return linear_sector(minor, sector);
	if (minor < 1 || minor > DISK_COUNT || sector >= disk_size[minor - 1])
		return -1;
	return (int)(disk_base[minor - 1] + sector);
}

int linear_sector(int minor, uint64_t sector)
{
	const struct dm_table *t = &dm_devices[minor].live;

	if (t->kind != DMK_LINEAR)
		return -1;
	for (unsigned i = 0; i < t->pieces; i++) {
		if (sector < t->piece[i].size)
			return below(t->piece[i].major, t->piece[i].minor,
				     t->piece[i].from + sector);
		sector -= t->piece[i].size;
	}
	return -1;
}

int dm_resolve(int minor, uint64_t sector)
{
	const struct dm_table *t = &dm_devices[minor].live;

	if (sector >= t->size)
		return -1;
	if (t->kind == DMK_LINEAR)
		return linear_sector(minor, sector);
	return t->kind == DMK_NONE ? -1 : snap_resolve(&snaps[t->snap], sector);
}

unsigned dm_store_devices(void)
{
	unsigned count = 0;

	for (int i = 0; i < DM_DEVICES_MAX; i++)
		if (dm_devices[i].used && (strstr(dm_devices[i].name, "-store") ||
				       strstr(dm_devices[i].name, ".kept")))
			count++;
	return count;
}

bool dm_merge_one(void)
{
	for (int i = 0; i < DM_DEVICES_MAX; i++)
		if (snaps[i].used && snaps[i].merging && snap_merge_step(&snaps[i]))
			return true;
	return false;
}

bool dm_merging(void)
{
	for (int i = 0; i < DM_DEVICES_MAX; i++)
		if (snaps[i].used && snaps[i].merging)
			return true;
	return false;
}

void kernel_tick(void)
{
	if (plan->eager_merge)
		dm_merge_one();
}
