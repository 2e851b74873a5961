/* SPDX-License-Identifier: MIT */
/* The mounts of src/base/sys.c, by name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/sys.h"
#include "esp.h"

#define MOUNTS_MAX 12

static struct mount {
	bool used;
	int minor; /* -1: no device */
	char target[96];
} mounts[MOUNTS_MAX];

void mounts_reset(void)
{
	memset(mounts, 0, sizeof(mounts));
	esp_reset();
}

static struct mount *mount_on(const char *target)
{
	for (int i = MOUNTS_MAX - 1; i >= 0; i--)
		if (mounts[i].used && !strcmp(mounts[i].target, target))
			return &mounts[i];
	return NULL;
}

int sys_mounted_minor(const char *target)
{
	struct mount *m = mount_on(target);

	return m ? m->minor : -1;
}

/* The new root's mounts lose its prefix; what init had mounted for itself is gone. */
void sys_enter_root(void)
{
	static const char root[] = "/mnt/root";

	for (int i = 0; i < MOUNTS_MAX; i++) {
		char *target = mounts[i].target;

		if (!mounts[i].used || strncmp(target, root, sizeof(root) - 1))
			continue;
		memmove(target, target + sizeof(root) - 1, strlen(target) - sizeof(root) + 2);
		if (!*target)
			snprintf(target, sizeof(mounts[i].target), "/");
	}
}

static int volume_of(const char *source)
{
	for (unsigned v = 0; v < plan->volumes; v++)
		if (strstr(source, volume_names[v]))
			return (int)v;
	return -1;
}

static int move(const char *from, const char *to)
{
	struct mount *m = mount_on(from);

	if (!m)
		return -EINVAL;
	snprintf(m->target, sizeof(m->target), "%s", to);
	return 0;
}

int sys_mount(const char *source, const char *target, const char *fstype, unsigned long flags,
	      const char *data)
{
	int minor, v;

	(void)data;
	(void)fstype;
	if (flags & MS_MOVE)
		return move(source, target);
	if (strncmp(source, "/dev/", 5))
		return 0;
	minor = dm_minor_of_path(source);
	if (minor < 0)
		violation("I8: %s was mounted past device-mapper", source);
	if (fault(FAULT_DM, "mount", source))
		return -EIO;
	v = volume_of(source);
	if (v >= 0 && plan->new_unmountable && shown_on((unsigned)v, minor) == SHOWN_NEW)
		return -EINVAL;
	if (!dm_open(minor, 1))
		return -ENXIO;
	for (int i = 0; i < MOUNTS_MAX; i++) {
		if (mounts[i].used)
			continue;
		mounts[i].used = true;
		mounts[i].minor = minor;
		snprintf(mounts[i].target, sizeof(mounts[i].target), "%s", target);
		say("mounted %s on %s", source, target);
		return 0;
	}
	violation("more than %d mounts", MOUNTS_MAX);
}

int sys_umount(const char *target, int flags)
{
	struct mount *m = mount_on(target);

	(void)flags;
	if (!m)
		return -EINVAL;
	m->used = false;
	dm_open(m->minor, -1);
	return 0;
}

int sys_mount_apart(const char *source, const char *fstype, const char *const options[])
{
	bool read_only = false, synchronous = false;

	if (strcmp(fstype, "vfat"))
		violation("%s was mounted apart", source);
	for (; *options; options++) {
		read_only |= !strcmp(*options, "ro");
		synchronous |= !strcmp(*options, "sync");
	}
	return esp_mount(source, read_only, synchronous);
}
