/* SPDX-License-Identifier: MIT */
/*
 * Finding the partitions (I12, I13).  Must never write to any disk.
 */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "update/places.h"

/* One partition of the configuration, and where what is found of it goes. */
struct wanted {
	const char *name, *spec;
	struct part *part;
	bool *has;
	const char *conf_spec;	/* the configuration's; spec may be the record's, or that of root= */
};

#define WANTED_MAX (CONF_VOLUMES_MAX + 4 + CONF_SLOTS)

/* meta comes first: where it is, the others are looked for. */
static unsigned list_wanted(struct world *w, struct wanted all[WANTED_MAX])
{
	static char kept[CONF_VOLUMES_MAX + 2][PLACE_SPEC_MAX];
	const struct conf *conf = w->conf;
	const struct wanted fixed[] = {
		{ "meta", conf->meta, &w->meta_part, &w->has_meta, conf->meta },
		{ "data", places_data_spec(w, kept[CONF_VOLUMES_MAX]), &w->data_part,
		  &w->has_data, conf->data.spec },
		{ "store", places_store_spec(w, kept[CONF_VOLUMES_MAX + 1]), &w->store_part,
		  &w->has_store_part, conf->store },
		{ "esp", conf->esp, &w->esp_part, &w->has_esp, conf->esp },
	};
	unsigned count = 0;

	all[count++] = fixed[0];
	for (unsigned i = 0; i < conf->volume_count; i++)
		all[count++] = (struct wanted){ conf->volume[i].name,
						places_volume_spec(w, i, kept[i]),
						&w->volume_part[i], &w->has_volume[i],
						conf->volume[i].spec };
	for (unsigned i = 1; i < ARRAY_SIZE(fixed); i++)
		if (fixed[i].spec[0])
			all[count++] = fixed[i];
	return count;
}

static bool is_volume(const struct world *w, const struct wanted *one)
{
	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (one->part == &w->volume_part[i])
			return true;
	return false;
}

/* Something answers, and is not it: no reason for an update to end. */
static void note_misplaced(struct world *w, const struct wanted *one)
{
	if (!w->pending)
		return;
	w->misplaced = true;
	w->volume_misplaced = w->volume_misplaced || is_volume(w, one);
}

/* What a person must know of a partition that is not there. meta's counts most, then the first. */
static void tell_why(struct world *w, const struct wanted *one, int rc)
{
	const bool is_meta = one->part == &w->meta_part;
	const char *tail = strrchr(fail_text(), ':');
	const bool boots_without = !is_meta && !is_volume(w, one);

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

/*
 * What is written over with no look at what was there must be known for the board's: a kernel's name of
 * it is another disk's in the next boot.  That of an update's store the record knows better.
 */
static int refuse_astray(const struct world *w, const struct wanted *one)
{
	const bool is_blind = one->part == &w->esp_part || one->part == &w->boot_part[0] ||
			      one->part == &w->boot_part[1] ||
			      (one->part == &w->store_part && !w->pending);
	const char *disk = disk_for(w, one);

	if (!is_blind || !disk || one->spec[0] != '/' || strcmp(one->part->disk, disk) == 0)
		return 0;
	return fail(EXDEV, "cannot use %s: it is on another disk than the record, which is on %s",
		    one->part->path, disk);
}

static int find_on(const struct world *w, const struct wanted *one, const char *disk,
		   uint64_t deadline_ms)
{
	int rc = find_part(one->spec, disk, deadline_ms, one->part);

	return rc ? rc : refuse_astray(w, one);
}

static void find_one(struct world *w, const struct wanted *one, const char *disk,
		     uint64_t deadline_ms)
{
	int rc = find_on(w, one, disk, deadline_ms);

	*one->has = rc == 0;
	if (!rc)
		return;
	if (strcmp(one->spec, one->conf_spec) != 0)
		log_warn("%s: %s; the configuration says %s", one->name, fail_text(),
			 one->conf_spec[0] ? one->conf_spec : "nothing of it");
	else
		log_warn("%s: %s", one->name, fail_text());
	if ((rc == -ENOTUNIQ || rc == -EXDEV) && one->part != &w->esp_part)
		note_misplaced(w, one);
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
	note_misplaced(w, a);
	note_misplaced(w, b);
}

/* A boot needs neither, so their absence is no news; install says it, where a kernel is to go there. */
static unsigned find_slots(struct world *w, struct wanted all[WANTED_MAX], unsigned count)
{
	static const char *const names[CONF_SLOTS] = { "boot slot a", "boot slot b" };

	for (unsigned i = 0; i < CONF_SLOTS; i++) {
		const struct wanted slot = { names[i], w->conf->boot[i], &w->boot_part[i],
					     &w->has_boot[i], w->conf->boot[i] };

		w->has_boot[i] = slot.spec[0] && find_on(w, &slot, disk_for(w, &slot), 0) == 0;
		all[count++] = slot;
	}
	return count;
}

static void find_meta(struct world *w, const char *disk, uint64_t deadline_ms)
{
	const struct wanted meta = { "meta", w->conf->meta, &w->meta_part, &w->has_meta,
				     w->conf->meta };

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
