/* SPDX-License-Identifier: MIT */
/*
 * The plan's mapping and mounting, below the root to be.  Every volume and `data` is mounted through
 * device-mapper, also when idle (I8). act_map only after persist_plan has returned 0 (I1, I2), for
 * stores that world_facts has checked in this boot (I5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/log.h"
#include "base/sys.h"
#include "init/boot.h"
#include "update/volumes.h"

int act_data(struct boot *boot)
{
	int rc = volumes_map_data(&boot->world);

	if (rc < 0)
		return rc;
	rc = volumes_mount(&boot->conf.data, BOOT_DATA, 0);
	if (rc < 0)
		return rc; /* it stays mapped: stores lie on it, file system or not */
	boot->world.data_dir = BOOT_DATA;
	return 0;
}

int act_map(struct boot *boot)
{
	return volumes_map(&boot->world, boot->plan.map);
}

void act_unmap(struct boot *boot)
{
	volumes_unmap(&boot->world);
}

static void volume_dir(const struct conf_mount *m, char *buf, size_t size_bytes)
{
	snprintf(buf, size_bytes, "%s%s", BOOT_ROOT, strcmp(m->dir, "/") == 0 ? "" : m->dir);
}

int act_mount(struct boot *boot)
{
	char dir[CONF_PATH_MAX + sizeof(BOOT_ROOT)];

	for (unsigned i = 0; i < boot->conf.volume_count; i++) {
		int rc;

		volume_dir(&boot->conf.volume[i], dir, sizeof(dir));
		rc = volumes_mount(&boot->conf.volume[i], dir, MS_RDONLY);
		if (rc < 0) {
			act_umount(boot);
			return rc;
		}
	}
	return 0;
}

void act_umount(struct boot *boot)
{
	char dir[CONF_PATH_MAX + sizeof(BOOT_ROOT)];

	for (unsigned i = boot->conf.volume_count; i-- > 0;) {
		int rc;

		volume_dir(&boot->conf.volume[i], dir, sizeof(dir));
		rc = sys_umount(dir, 0);
		/* EINVAL, ENOENT: it was not mounted yet. */
		if (rc < 0 && rc != -EINVAL && rc != -ENOENT)
			log_warn("cannot unmount %s: %s", dir, strerror(-rc));
	}
}

void act_move_data(struct boot *boot)
{
	char dir[CONF_PATH_MAX + sizeof(BOOT_ROOT)];
	int rc;

	if (!boot->world.data_dir)
		return;
	snprintf(dir, sizeof(dir), "%s%s", BOOT_ROOT, boot->conf.data.dir);
	rc = sys_is_dir(dir) ? sys_mount(BOOT_DATA, dir, NULL, MS_MOVE, NULL) : -ENOTDIR;
	if (rc < 0) {
		log_error("cannot move data to %s in the new root: %s", boot->conf.data.dir,
			  strerror(-rc));
		sys_umount(BOOT_DATA, 0);
	}
	boot->world.data_dir = NULL;
}
