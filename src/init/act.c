/* SPDX-License-Identifier: MIT */
/*
 * The plan's mapping and mounting, below the root to be.  Every volume and `data` is mounted through
 * device-mapper, also when idle (I8). act_map only after persist_plan has returned 0 (I1, I2), for
 * stores that world_facts has checked in this boot (I5).
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "handoff/inroot.h"
#include "init/boot.h"
#include "update/volumes.h"

#define DIR_MAX 4096 /* a link may lead anywhere in it */

int act_data(struct boot *boot)
{
	int rc = volumes_map_data(&boot->world);
	dev_t dev;

	if (rc < 0)
		return rc;
	check_data(boot);
	rc = volumes_mount_data(&boot->world, BOOT_DATA);
	if (rc < 0 && check_data_again(boot, rc))
		rc = volumes_mount_data(&boot->world, BOOT_DATA);
	if (rc < 0)
		return rc; /* it stays mapped: stores lie on it, file system or not */
	boot->world.data_dir = BOOT_DATA;
	if (sys_fs_dev(BOOT_DATA, &dev) == 0)
		boot->world.data_device = dev;
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

/* Where it is mounted, by the links of the root that is there by then. */
static int volume_dir(const struct conf_mount *m, char *buf, size_t size_bytes)
{
	if (strcmp(m->dir, "/") != 0)
		return inroot_dir(BOOT_ROOT, m->dir, buf, size_bytes);
	return text_copy(buf, size_bytes, BOOT_ROOT);
}

int act_mount(struct boot *boot)
{
	char dir[DIR_MAX];

	for (unsigned i = 0; i < boot->conf.volume_count; i++) {
		const struct conf_mount *m = &boot->conf.volume[i];
		int rc = volume_dir(m, dir, sizeof(dir));

		if (rc < 0)
			fail_sys(-rc, "cannot mount %s: there is no directory %s in the new root", m->name,
				 m->dir);
		else
			rc = volumes_mount(m, dir, MS_RDONLY);
		if (rc < 0) {
			act_umount(boot);
			return rc;
		}
	}
	return 0;
}

void act_umount(struct boot *boot)
{
	char dir[DIR_MAX];

	for (unsigned i = boot->conf.volume_count; i-- > 0;) {
		int rc = volume_dir(&boot->conf.volume[i], dir, sizeof(dir));

		if (rc == 0)
			rc = sys_umount(dir, 0);
		/* EINVAL, ENOENT: it was not mounted yet. */
		if (rc < 0 && rc != -EINVAL && rc != -ENOENT)
			log_warn("cannot unmount %s: %s", boot->conf.volume[i].dir, strerror(-rc));
	}
}

void act_move_data(struct boot *boot)
{
	char dir[DIR_MAX];
	int rc;

	if (!boot->world.data_dir)
		return;
	rc = inroot_dir(BOOT_ROOT, boot->conf.data.dir, dir, sizeof(dir));
	if (rc == 0)
		rc = sys_mount(BOOT_DATA, dir, NULL, MS_MOVE, NULL);
	if (rc < 0) {
		log_error("cannot move data to %s in the new root: %s", boot->conf.data.dir,
			  strerror(-rc));
		sys_umount(BOOT_DATA, 0);
	}
	boot->world.data_dir = NULL;
}
