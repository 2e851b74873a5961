/* SPDX-License-Identifier: MIT */
/* Finding the partitions and loading the record.  Must never write to any disk. */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/places.h"
#include "update/slots.h"

/* One partition of the configuration, and where what is found of it goes. */
struct wanted {
	const char *name, *spec;
	struct part *part;
	bool *has;
};

#define WANTED_MAX (CONF_VOLUMES_MAX + 4 + CONF_SLOTS)

/* meta comes first: where it is, the others are looked for. */
static unsigned list_wanted(struct world *w, struct wanted all[WANTED_MAX])
{
	static char kept[CONF_VOLUMES_MAX + 2][PLACE_SPEC_MAX];
	const struct conf *conf = w->conf;
	const struct wanted fixed[] = {
		{ "meta", conf->meta, &w->meta_part, &w->has_meta },
		{ "data", places_data_spec(w, kept[CONF_VOLUMES_MAX]), &w->data_part,
		  &w->has_data },
		{ "store", places_store_spec(w, kept[CONF_VOLUMES_MAX + 1]), &w->store_part,
		  &w->has_store_part },
		{ "esp", conf->esp, &w->esp_part, &w->has_esp },
	};
	unsigned count = 0;

	all[count++] = fixed[0];
	for (unsigned i = 0; i < conf->volume_count; i++)
		all[count++] = (struct wanted){ conf->volume[i].name,
						places_volume_spec(w, i, kept[i]),
						&w->volume_part[i], &w->has_volume[i] };
	for (unsigned i = 1; i < ARRAY_SIZE(fixed); i++)
		if (fixed[i].spec[0])
			all[count++] = fixed[i];
	return count;
}

/* What a person must know of a partition that is not there. meta's counts most, then the first. */
static void tell_why(struct world *w, const struct wanted *one, int rc)
{
	const bool is_meta = one->part == &w->meta_part;
	const char *tail = strrchr(fail_text(), ':');
	bool boots_without = !is_meta;

	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (one->part == &w->volume_part[i])
			boots_without = false;
	if (boots_without || (w->why_missing[0] && !is_meta))
		return;
	w->why_is_meta = is_meta;
	/* Behind the colon stands who answers; the log has all of it. */
	if (rc == -ENOTUNIQ)
		snprintf(w->why_missing, sizeof(w->why_missing), "two partitions are called %s%.*s",
			 one->name, RECORD_REASON_MAX - 64, tail ? tail : "");
	else if (rc == -EXDEV)
		snprintf(w->why_missing, sizeof(w->why_missing), "not all is on one disk: %s%.*s",
			 one->name, RECORD_REASON_MAX - 64, strstr(fail_text(), " is /"));
	else
		snprintf(w->why_missing, sizeof(w->why_missing), "%s", find_lost_tables());
}

/* A label must be on the disk of meta, unless the configuration says that there are several. */
static const char *disk_for(const struct world *w, const struct wanted *one)
{
	return w->conf->several_disks || !w->has_meta || one->part == &w->meta_part ?
		       NULL : w->meta_part.disk;
}

static void find_one(struct world *w, const struct wanted *one, const char *disk,
		     uint64_t deadline_ms)
{
	int rc = find_part(one->spec, disk, deadline_ms, one->part);

	*one->has = rc == 0;
	if (!rc)
		return;
	log_warn("%s: %s", one->name, fail_text());
	/* Something answers, and is not it: no reason for an update to end. */
	if (w->pending && (rc == -ENOTUNIQ || rc == -EXDEV) && one->part != &w->esp_part)
		w->misplaced = true;
	tell_why(w, one, rc);
}

/* Two names for one partition would map it twice; neither can be trusted then. */
static void refuse_twice(struct world *w, const struct wanted *a, const struct wanted *b)
{
	if (!*a->has || !*b->has || a->part->major != b->part->major ||
	    a->part->minor != b->part->minor)
		return;
	log_error("%s and %s are both %s: the configuration names one partition twice", a->name,
		  b->name, a->part->path);
	*a->has = *b->has = false;
	w->misplaced = w->misplaced || w->pending;
}

/* A boot needs neither, so their absence is no news; install says it, where a kernel is to go there. */
static unsigned find_slots(struct world *w, struct wanted all[WANTED_MAX], unsigned count)
{
	static const char *const names[CONF_SLOTS] = { "boot slot a", "boot slot b" };

	for (unsigned i = 0; i < CONF_SLOTS; i++) {
		const struct wanted slot = { names[i], w->conf->boot[i], &w->boot_part[i],
					     &w->has_boot[i] };

		w->has_boot[i] = slot.spec[0] &&
				 find_part(slot.spec, disk_for(w, &slot), 0, slot.part) == 0;
		all[count++] = slot;
	}
	return count;
}

void world_blank(struct world *w, const struct conf *conf)
{
	memset(w, 0, offsetof(struct world, record));
	record_blank(&w->record);
	w->conf = conf;
	w->meta.fd = -1;
	w->lock_fd = -1;
}

static void find_meta(struct world *w, const char *disk, uint64_t deadline_ms)
{
	const struct wanted meta = { "meta", w->conf->meta, &w->meta_part, &w->has_meta };

	if (disk)
		w->has_meta = find_part(meta.spec, disk, 0, meta.part) == 0;
	if (!w->has_meta)
		find_one(w, &meta, NULL, deadline_ms);
}

void world_find(struct world *w, const struct conf *conf, const char *disk, uint64_t deadline_ms)
{
	struct wanted all[WANTED_MAX];
	char why[FIND_WHY_MAX] = "";
	unsigned count;

	world_blank(w, conf);
	find_meta(w, disk, deadline_ms);
	places_peek(w);
	count = list_wanted(w, all);
	for (unsigned i = 1; i < count; i++)
		find_one(w, &all[i], disk_for(w, &all[i]), deadline_ms);
	/* A disk that came while the others were waited for may have them as well. */
	for (unsigned i = 0; deadline_ms && i < count; i++)
		if (*all[i].has && !disk_for(w, &all[i]))
			find_one(w, &all[i], NULL, 0);
	count = find_slots(w, all, count);
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++)
			refuse_twice(w, &all[i], &all[k]);
	places_settle(w);
	if (w->has_meta)
		find_check_table(&w->meta_part, why);
	if (why[0])
		log_warn("%s", why);
}

/* A card with its switch set, an eMMC at its end: what they hold can still be read, and booted. */
static int open_meta(struct world *w, enum dev_mode mode)
{
	int rc = -EROFS;

	if (mode == DEV_READ || !w->meta_part.write_protected)
		rc = dev_open(w->meta_part.path, mode, &w->meta);
	w->write_protected = mode == DEV_WRITE && (rc == -EROFS || rc == -EACCES || rc == -EPERM);
	if (!w->write_protected)
		return rc;
	return dev_open(w->meta_part.path, DEV_READ, &w->meta);
}

int world_load(struct world *w, enum dev_mode mode)
{
	int rc;

	record_clear(&w->record);
	w->copies.health = RECORD_DAMAGED;
	if (!w->has_meta)
		return fail(ENODEV, "cannot read the record: no partition %s", w->conf->meta);
	rc = open_meta(w, mode);
	if (rc < 0)
		return rc;
	/* A flush that failed leaves pages that read as written and are not on the medium. */
	if (dev_drop_cache(&w->meta) < 0)
		log_warn("%s", fail_text());
	slots_load(w);
	return copies_load(&w->meta, &w->record, &w->copies);
}

int world_named(const struct world *w, const char *name)
{
	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (strcmp(w->conf->volume[i].name, name) == 0)
			return (int)i;
	return -1;
}

int world_volume(const struct world *w, unsigned v)
{
	return world_named(w, w->record.volume[v].name);
}

const char *world_version(const struct world *w)
{
	const struct record_result *last = &w->record.last;

	return last->result == RESULT_MERGED || last->result == RESULT_RESTORED ?
	       last->version_to : last->version_from;
}

static struct record next;	/* too large for a stack */

struct record *world_edit(const struct world *w)
{
	record_copy(&next, &w->record);
	return &next;
}

int world_save(struct world *w, struct record *edited)
{
	int rc;

	if (w->access == WORLD_LOOK)
		return fail(EPERM, "cannot save the record: it was opened to look at it");
	if (w->access != WORLD_BOOT && w->lock_fd < 0)
		return fail(ENOLCK, "cannot save the record: without the lock");
	rc = copies_save(&w->meta, edited, &w->copies, w->access == WORLD_FORCE);
	if (!rc)
		record_copy(&w->record, edited);
	/* Spent all the same: what is saved next must not share it with what may be on the medium. */
	w->record.generation = edited->generation;
	return rc;
}

/* The lock last: who waits for it finds nothing half closed. */
void world_close(struct world *w)
{
	dev_close(&w->meta);
	if (w->lock_fd >= 0)
		sys_close(w->lock_fd);
	w->lock_fd = -1;
}

int world_store_dir(const struct world *w, struct store_dir *ret_dir)
{
	struct store_dir dir = { .folder = { .device = w->data_device } };

	if (w->record.phase != PHASE_IDLE && w->record.store_place == STORE_IN_FILES)
		dir.folder.inode = w->record.store_dir_inode;
	if (!w->data_dir)
		return fail(ENODEV, "cannot reach the stores: data is not mounted");
	if ((size_t)snprintf(dir.path, sizeof(dir.path), "%s/cowboot", w->data_dir) >=
	    sizeof(dir.path))
		return fail(ENAMETOOLONG, "cannot reach the stores: the path %s is too long",
			    w->data_dir);
	*ret_dir = dir;
	return 0;
}
