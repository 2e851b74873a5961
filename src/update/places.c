/* SPDX-License-Identifier: MIT */
/*
 * The places of the pending update.  Must never write, and never let a name decide what an update is
 * mapped over, merged into or freed from (I13).
 */
#include "update/places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"

static bool stores_are_files(const struct world *w)
{
	return w->record.store_place == STORE_IN_FILES;
}

void places_peek(struct world *w)
{
	struct dev dev = DEV_CLOSED;

	if (!w->has_meta || dev_open(w->meta_part.path, DEV_READ, &dev) < 0)
		return;
	if (copies_load(&dev, &w->record, &w->copies) == 0 && w->copies.health == RECORD_GOOD)
		w->pending = w->record.phase != PHASE_IDLE;
	dev_close(&dev);
}

/* An install that was cut is only dropped: what boots is what the configuration names. */
static bool is_bound(const struct world *w)
{
	return w->pending && w->record.phase != PHASE_STAGING;
}

/* The record's volume that conf->volume[i] is; NULL: the update leaves it alone. */
static const struct record_volume *volume_of(const struct world *w, unsigned i)
{
	for (unsigned v = 0; is_bound(w) && v < w->record.volume_count; v++)
		if (strcmp(w->record.volume[v].name, w->conf->volume[i].name) == 0)
			return &w->record.volume[v];
	return NULL;
}

const char *places_volume_spec(const struct world *w, unsigned i, char buf[PLACE_SPEC_MAX])
{
	const struct record_volume *volume = volume_of(w, i);

	if (volume && place_spec(buf, &volume->origin))
		return buf;
	return i == 0 && !w->pending && w->conf->root[0] ? w->conf->root : w->conf->volume[i].spec;
}

const char *places_data_spec(const struct world *w, char buf[PLACE_SPEC_MAX])
{
	if (is_bound(w) && stores_are_files(w) && place_spec(buf, &w->record.store_part))
		return buf;
	return w->conf->data.spec;
}

const char *places_store_spec(const struct world *w, char buf[PLACE_SPEC_MAX])
{
	if (is_bound(w) && !stores_are_files(w) && place_spec(buf, &w->record.store_part))
		return buf;
	return w->conf->store;
}

/* A record of version 1 knows how long the partition was, and no more. */
static int check_origin(const struct record_volume *volume, const struct part *part)
{
	const struct place found = place_of(part);
	int rc = place_check(part->path, &volume->origin, &found);

	if (rc)
		return rc;
	if (part->size_sectors != volume->volume_sectors)
		return fail(ESTALE, "%s has %llu sectors, the update was installed for %llu",
			    part->path, (unsigned long long)part->size_sectors,
			    (unsigned long long)volume->volume_sectors);
	return 0;
}

int places_origin(const struct world *w, unsigned v, const struct part **ret_part)
{
	const struct record_volume *volume = &w->record.volume[v];
	int rc, i = world_volume(w, v);

	if (i < 0)
		return fail(EINVAL,
			    "the update replaces %s, which this board's configuration has not",
			    volume->name);
	if (!w->has_volume[i])
		return fail(ENODEV, "the partition of %s is not there", volume->name);
	rc = check_origin(volume, &w->volume_part[i]);
	if (!rc)
		*ret_part = &w->volume_part[i];
	return rc;
}

int places_stores(const struct world *w, const struct part **ret_part)
{
	const bool files = stores_are_files(w);
	const struct part *part = files ? &w->data_part : &w->store_part;
	const struct place found = place_of(part);
	int rc;

	if (!files && !w->conf->store[0])
		return fail(ENODEV, "the stores lie on a partition of their own, and cowboot.conf has no "
			    "\"store\" that names it");
	if (files ? !w->has_data : !w->has_store_part)
		return fail(ENODEV, "the partition that the stores lie on (%s) is not there",
			    files ? w->conf->data.spec : w->conf->store);
	rc = place_check(part->path, &w->record.store_part, &found);
	if (!rc)
		*ret_part = part;
	return rc;
}

bool places_replaced(const struct world *w)
{
	for (unsigned v = 0; v < w->record.volume_count; v++) {
		const int i = world_volume(w, v);

		if (i < 0 || !(w->has_volume[i] || w->volume_replaced[i]))
			return false;
	}
	return w->volume_misplaced && w->record.phase == PHASE_MERGING;
}

int places_may_end(const struct world *w)
{
	return w->volume_misplaced && !places_replaced(w) ? fail(ESTALE, "%s", w->why_missing) : 0;
}

int places_still(const struct part *part)
{
	const struct place before = place_of(part);
	char spec[PLACE_SPEC_MAX];
	struct part found;
	struct place now;
	int rc = find_part(place_spec(spec, &before) ? spec : part->path, part->disk, 0, &found);

	if (rc)
		return rc;
	now = place_of(&found);
	if (strcmp(found.path, part->path) != 0 || found.size_sectors != part->size_sectors ||
	    !place_same(&before, &now))
		return fail(ESTALE, "%s is not the partition any more that was found", part->path);
	return 0;
}

/* The line in base/fail.h says what is found, and where it belongs. */
static void misplace(struct world *w)
{
	log_error("%s", fail_text());
	if (!w->misplaced)
		snprintf(w->why_missing, sizeof(w->why_missing), "%.*s",
			 (int)sizeof(w->why_missing) - 1, fail_text());
	w->misplaced = true;
	w->why_is_meta = false;
}

static const char *disk_of(const struct world *w)
{
	return w->conf->several_disks || !w->has_meta ? NULL : w->meta_part.disk;
}

/* Whether root= leads to the partition of the update's volume, to which the configuration's name does not. */
static bool is_at_root(struct world *w, const struct record_volume *volume, unsigned i)
{
	struct part part;

	if (i || !w->conf->root[0] || find_part(w->conf->root, disk_of(w), 0, &part) < 0 ||
	    check_origin(volume, &part) < 0)
		return false;
	w->volume_part[i] = part;
	w->has_volume[i] = true;
	return true;
}

/* The same partition by its own UUID, with another length: the check of its store says that it is wrong. */
static bool may_stay(const struct record_volume *volume, const struct part *part)
{
	const struct place found = place_of(part);
	char spec[PLACE_SPEC_MAX];

	return place_is_known(&volume->origin) && place_spec(spec, &found) &&
	       place_same(&volume->origin, &found);
}

/* Whether a name that could not be used leads somewhere all the same: to two, or to another disk. */
static bool answers(int rc)
{
	return rc == -ENOTUNIQ || rc == -EXDEV;
}

/* For recovery alone: what the board's names lead to when this update is given up. */
static void note_replaced(struct world *w, unsigned i)
{
	w->volume_replaced[i] =
		find_part(w->conf->volume[i].spec, disk_of(w), 0, &w->volume_part[i]) == 0;
}

static void settle_volume(struct world *w, unsigned v)
{
	const struct record_volume *volume = &w->record.volume[v];
	const int i = world_volume(w, v);
	struct part part;
	int rc;

	if (i < 0)
		return;	/* an update for another configuration: world_facts says so */
	if (w->has_volume[i] && (check_origin(volume, &w->volume_part[i]) == 0 ||
				 may_stay(volume, &w->volume_part[i])))
		return;
	if (is_at_root(w, volume, (unsigned)i))
		return;
	/*
	 * Look by its name: its id may not be readable now, or it is another partition, and the log
	 * says which.
	 */
	part = w->volume_part[i];
	rc = w->has_volume[i] ? 0 : find_part(w->conf->volume[i].spec, disk_of(w), 0, &part);
	w->has_volume[i] = false;
	if (rc && !answers(rc))
		return;
	if (!rc)
		rc = check_origin(volume, &part);
	if (!rc) {
		w->volume_part[i] = part;
		w->has_volume[i] = true;
		return;
	}
	misplace(w);
	w->volume_misplaced = true;
	if (rc == -ESTALE)
		note_replaced(w, (unsigned)i);
}

static void settle_stores(struct world *w)
{
	const bool files = stores_are_files(w);
	bool *has = files ? &w->has_data : &w->has_store_part;
	const char *spec = files ? w->conf->data.spec : w->conf->store;
	struct part *kept = files ? &w->data_part : &w->store_part, part = *kept;
	struct place found;
	int rc = *has ? 0 : spec[0] ? find_part(spec, disk_of(w), 0, &part) : -ENODEV;

	if (answers(rc))
		misplace(w);
	if (rc)
		return;
	found = place_of(&part);
	if (place_check(part.path, &w->record.store_part, &found) == 0) {
		*kept = part;
		*has = true;
		return;
	}
	misplace(w);
	/* What an install that was cut has left is not looked for; data is mounted as usual. */
	*has = *has && !is_bound(w);
}

/* root= may name what the configuration names, too; else it has no say while an update is pending. */
static void tell_of_root(const struct world *w)
{
	struct part part;

	if (!w->conf->root[0])
		return;
	if (find_part(w->conf->root, disk_of(w), 0, &part) == 0 && w->has_volume[0] &&
	    part.major == w->volume_part[0].major && part.minor == w->volume_part[0].minor)
		return;
	log_warn("passed over root=%s on the kernel command line: an update is pending, and its "
		 "system is %s", w->conf->root,
		 w->has_volume[0] ? w->volume_part[0].path : "not there");
}

void places_settle(struct world *w)
{
	if (!w->pending)
		return;
	for (unsigned v = 0; is_bound(w) && v < w->record.volume_count; v++)
		settle_volume(w, v);
	if (w->record.volume_count)
		settle_stores(w);
	tell_of_root(w);
}
