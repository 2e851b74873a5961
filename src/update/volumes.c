/* SPDX-License-Identifier: MIT */
/*
 * Mapping and mounting.  A snapshot table is loaded only for stores that world_facts has checked in
 * this boot (I5), after what the plan persists is durable (I1, I2): both are the caller's to keep.
 */
#include "update/volumes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "map/dm.h"
#include "update/places.h"
#include "update/store.h"

#define OPTIONS_MAX CONF_OPTIONS_MAX

int volumes_mount(const struct conf_mount *m, const char *dir, unsigned long more_flags)
{
	char source[sizeof(DM_DIR) + sizeof(m->name)];
	char options[OPTIONS_MAX];
	unsigned long flags;
	int rc;

	snprintf(source, sizeof(source), DM_DIR "%s", m->name);
	rc = conf_mount_flags(m->options, &flags, options, sizeof(options));
	if (rc < 0)
		return rc;
	rc = sys_mount(source, dir, m->fstype, flags | more_flags, options);
	/* A failure here leads to a revert or to recovery, which is too much for one read that failed. */
	if (rc < 0)
		rc = sys_mount(source, dir, m->fstype, flags | more_flags, options);
	if (rc < 0)
		return fail_sys(-rc, "cannot mount %s on %s as %s", source, dir, m->fstype);
	return 0;
}

static int map_whole(const char *name, bool readonly, const struct part *part)
{
	const struct extent whole = { 0, part->size_sectors };
	struct map_disk disk;

	return dm_linear(name, readonly, (struct map_disk){ part->major, part->minor }, &whole, 1,
			 &disk);
}

static bool takes_no_writes(int rc)
{
	return rc == -EROFS || rc == -EACCES || rc == -EPERM;
}

int volumes_map_data(const struct world *w)
{
	const struct conf_mount *data = &w->conf->data;
	const bool readonly = w->data_part.write_protected;
	int rc;

	if (!w->has_data)
		return fail(ENODEV, "cannot mount data: no partition %s", data->spec);
	rc = map_whole(data->name, readonly, &w->data_part);
	return !readonly && takes_no_writes(rc) ? map_whole(data->name, true, &w->data_part) : rc;
}

int volumes_mount_data(const struct world *w, const char *dir)
{
	const struct conf_mount *data = &w->conf->data;
	bool readonly = w->data_part.write_protected;
	int rc = volumes_mount(data, dir, readonly ? MS_RDONLY : 0);

	if (!readonly && takes_no_writes(rc)) {
		readonly = true;
		rc = volumes_mount(data, dir, MS_RDONLY);
	}
	if (!rc && readonly)
		log_warn("data is mounted for reading only: %s is write-protected",
			 w->data_part.path);
	return rc;
}

/* The update's volume that conf->volume[i] is; -1: the update leaves it alone. */
static int update_volume(const struct world *w, unsigned i)
{
	for (unsigned v = 0; v < w->record.volume_count; v++)
		if (strcmp(w->record.volume[v].name, w->conf->volume[i].name) == 0)
			return (int)v;
	return -1;
}

static int map_volume(const struct world *w, enum plan_map map, unsigned i)
{
	const struct conf_mount *m = &w->conf->volume[i];
	const struct part *part = &w->volume_part[i];
	int v = map == MAP_LINEAR ? -1 : update_volume(w, i);
	const struct part *origin;
	const struct record_volume *vol;
	struct map_disk store, disk;
	int rc;

	if (v < 0)
		return map_whole(m->name, true, part);
	vol = &w->record.volume[v];
	rc = places_origin(w, (unsigned)v, &origin);
	if (!rc)
		rc = store_map(w, (unsigned)v, &store);
	if (rc < 0)
		return rc;
	return dm_snapshot(m->name, true, map == MAP_MERGE, vol->volume_sectors,
			   (struct map_disk){ origin->major, origin->minor }, store, vol->chunk_sectors,
			   w->store_left[v], &disk);
}

int volumes_map(const struct world *w, enum plan_map map)
{
	if (map == MAP_NOTHING)
		return fail(EINVAL, "cannot map volumes: the plan maps none");
	for (unsigned i = 0; i < w->conf->volume_count; i++) {
		int rc = map_volume(w, map, i);

		if (rc < 0) {
			char why[FAIL_TEXT_MAX];

			/* The failure that led here is the one to report. */
			snprintf(why, sizeof(why), "%s", fail_text());
			volumes_unmap(w);
			return fail(-rc, "%s", why);
		}
	}
	return 0;
}

void volumes_unmap(const struct world *w)
{
	/* Recovery comes here without a configuration, too. */
	for (unsigned i = w->conf ? w->conf->volume_count : 0; i-- > 0;)
		if (dm_remove(w->conf->volume[i].name) < 0)
			log_warn("%s", fail_text());
}
