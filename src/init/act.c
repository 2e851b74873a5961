/* SPDX-License-Identifier: MIT */
/*
 * The plan's mapping and mounting.  Every volume and `data` is mounted through device-mapper, also
 * when idle (I8). A snapshot table is loaded only for stores that world_facts has checked in this
 * boot (I5), after persist_plan has returned 0 (I1, I2).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "init/boot.h"
#include "map/dm.h"
#include "update/store.h"

#define OPTIONS_MAX CONF_OPTIONS_MAX

static int mount_one(const struct conf_mount *m, const char *dir, unsigned long more_flags)
{
	char source[sizeof("/dev/mapper/") + sizeof(m->name)];
	char options[OPTIONS_MAX];
	unsigned long flags;
	int rc;

	snprintf(source, sizeof(source), "/dev/mapper/%s", m->name);
	rc = conf_mount_flags(m->options, &flags, options, sizeof(options));
	if (rc < 0)
		return rc;
	rc = sys_mount(source, dir, m->fstype, flags | more_flags, options);
	if (rc < 0)
		return fail_sys(-rc, "cannot mount %s on %s as %s", source, dir, m->fstype);
	return 0;
}

static int map_whole(const char *name, bool readonly, const struct part *part)
{
	const struct map_piece whole = { 0, part->size_sectors };
	struct map_disk disk;

	return dm_linear(name, readonly, (struct map_disk){ part->major, part->minor }, &whole, 1,
			 &disk);
}

int act_data(struct boot *boot)
{
	const struct conf_mount *data = &boot->conf.data;
	int rc;

	if (!boot->world.has_data)
		return fail(ENODEV, "cannot mount data: no partition %s", data->spec);
	rc = map_whole(data->name, false, &boot->world.data_part);
	if (rc < 0)
		return rc;
	rc = mount_one(data, BOOT_DATA, 0);
	if (rc < 0)
		return rc; /* it stays mapped: stores lie on it, file system or not */
	boot->world.data_dir = BOOT_DATA;
	return 0;
}

/* The update's volume that conf->volume[i] is; -1: the update leaves it alone. */
static int update_volume(const struct world *w, unsigned i)
{
	for (unsigned v = 0; v < w->record.volume_count; v++)
		if (strcmp(w->record.volume[v].name, w->conf->volume[i].name) == 0)
			return (int)v;
	return -1;
}

static int map_volume(struct boot *boot, unsigned i)
{
	const struct world *w = &boot->world;
	const struct conf_mount *m = &boot->conf.volume[i];
	const struct part *part = &w->volume_part[i];
	int v = boot->plan.map == MAP_LINEAR ? -1 : update_volume(w, i);
	const struct record_volume *vol;
	struct map_disk store, disk;
	int rc;

	if (v < 0)
		return map_whole(m->name, true, part);
	vol = &w->record.volume[v];
	rc = store_map(w, (unsigned)v, &store);
	if (rc < 0)
		return rc;
	return dm_snapshot(m->name, true, boot->plan.map == MAP_MERGE, vol->volume_sectors,
			   (struct map_disk){ part->major, part->minor }, store, vol->chunk_sectors,
			   &disk);
}

int act_map(struct boot *boot)
{
	if (boot->plan.map == MAP_NOTHING)
		return fail(EINVAL, "cannot map volumes: the plan maps none");
	for (unsigned i = 0; i < boot->conf.volume_count; i++) {
		int rc = map_volume(boot, i);

		if (rc < 0) {
			char why[FAIL_TEXT_MAX];

			/* The failure that led here is the one to report. */
			snprintf(why, sizeof(why), "%s", fail_text());
			act_unmap(boot);
			return fail(-rc, "%s", why);
		}
	}
	return 0;
}

void act_unmap(struct boot *boot)
{
	for (unsigned i = boot->conf.volume_count; i-- > 0;)
		if (dm_remove(boot->conf.volume[i].name) < 0)
			log_warn("%s", fail_text());
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
		rc = mount_one(&boot->conf.volume[i], dir, MS_RDONLY);
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
