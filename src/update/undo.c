/* SPDX-License-Identifier: MIT */
/*
 * Undo stores.  Must never write to an origin (I6), nor to a store that a record names; and never be the
 * reason why a good trial is not confirmed, unless the configuration says so.
 */
#include "update/undo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"
#include "cow/undo.h"
#include "map/dm.h"
#include "update/install.h"
#include "update/kept.h"
#include "update/lay.h"
#include "update/places.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/store.h"

#define BITS_BYTES (4u << 20)	/* one for each chunk of a volume: 128 GiB of usual ones */

static uint8_t buf[64 * 1024], bits[BITS_BYTES];
static struct world *made;	/* kept_world's, with the stores in its record; NULL: there are none */

static struct cow_scratch scratch(void)
{
	return (struct cow_scratch){ buf, sizeof(buf), bits, sizeof(bits) };
}

/* The record that the stores would have as the pending update, without room yet. */
static int plan(const struct world *w, struct world *k)
{
	struct record *rec = &k->record;
	int rc;

	record_copy(rec, &w->record);
	record_drop_kept(rec);
	rc = sys_random(rec->update_id, sizeof(rec->update_id));
	if (rc)
		return fail_sys(-rc, "cannot make an identity for it");
	for (unsigned v = 0; v < rec->volume_count; v++) {
		struct record_volume *vol = &rec->volume[v];
		const struct record_installed *old = record_lies(&w->record, vol->name, &vol->origin);

		if (!old)
			return fail(ENODATA, "its digest is not known: an older cowboot has installed "
				    "the update");
		vol->image_bytes = old->image_bytes;
		memcpy(vol->new_digest, old->digest, sizeof(vol->new_digest));
		vol->store_sectors = cow_room_sectors(vol->chunk_sectors, vol->exceptions);
	}
	return 0;
}

static int add(void *ctx, const void *data, size_t len_bytes)
{
	return lay_add(ctx, data, len_bytes);
}

/* What the trial's store replaces, read from the origin's medium. */
static int fill_from(const struct world *w, unsigned v, struct lay *lay)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct cow_scratch with = scratch();
	const struct cow_sink sink = { .write = add, .ctx = lay };
	struct dev origin_dev = DEV_CLOSED;
	struct cow_source origin;
	struct store_open open;
	struct cow_list list = { .chunk_sectors = vol->chunk_sectors, .exceptions = vol->exceptions };
	struct cow_stats stats;
	int rc = verify_open_origin(w, vol->name, &origin_dev);

	if (rc)
		return rc;
	rc = store_open(w, v, &open);
	if (!rc) {
		list.source = &open.store;
		origin = store_source(&origin_dev);
		origin.size_bytes = vol->volume_sectors * SECTOR_BYTES;
		rc = cow_undo(&list, &origin, NULL, &with, &sink, &stats);
		store_close(&open);
	}
	dev_close(&origin_dev);
	return rc;
}

static int fill(const struct world *w, const struct world *k, unsigned v)
{
	const struct record_volume *vol = &k->record.volume[v];
	char path[DM_PATH_MAX], name[STORE_NAME_MAX];
	struct dev dev = DEV_CLOSED;
	struct map_disk disk;
	struct lay lay;
	int rc = store_map(k, v, &disk);

	if (rc)
		return rc;
	store_name(name, vol->name, true);
	rc = dev_open(dm_path(path, name), DEV_WRITE, &dev);
	if (!rc)
		rc = lay_begin(&lay, &dev, vol->chunk_sectors);
	if (!rc)
		rc = fill_from(w, v, &lay);
	if (!rc)
		rc = lay_end(&lay, &k->record, v);
	dev_close(&dev);
	return rc;
}

/* From the medium, past the device that it was written through. */
static int read_back(const struct world *w, const struct world *k, unsigned v)
{
	const struct record_volume *vol = &k->record.volume[v];
	const struct cow_scratch with = scratch();
	struct dev origin_dev = DEV_CLOSED;
	struct cow_source origin;
	struct store_open open;
	struct cow_found found;
	int rc = store_check(k, v, &found);

	if (!rc)
		rc = verify_open_origin(w, vol->name, &origin_dev);
	if (!rc)
		rc = store_open(k, v, &open);
	if (rc) {
		dev_close(&origin_dev);
		return rc;
	}
	origin = store_source(&origin_dev);
	origin.size_bytes = vol->volume_sectors * SECTOR_BYTES;
	rc = store_check_kept(k, v, &open);
	if (!rc)
		rc = cow_undo_compare(&open.store, &open.kept, &origin, vol->chunk_sectors,
				      vol->exceptions, &with);
	store_close(&open);
	dev_close(&origin_dev);
	return rc ? fail_in(rc, "the undo store of %s", vol->name) : 0;
}

static int make_volume(const struct world *w, const struct world *k, unsigned v)
{
	int rc = fill(w, k, v);

	/* The one that writes is gone before the medium is read. */
	if (store_unmap(k->record.volume[v].name, true) && !rc)
		rc = fail_in(-EBUSY, "cannot close it");
	return rc ? rc : read_back(w, k, v);
}

/* An update's version is never empty, and this may be the next one. */
static const char *name_of(const struct world *w)
{
	return w->record.version_from[0] ? w->record.version_from : "unnamed";
}

/* The chunks that are kept of a volume. */
static uint64_t data_bytes(const struct record_volume *volume)
{
	return volume->exceptions * volume->chunk_sectors * SECTOR_BYTES;
}

static int make(struct world *w)
{
	struct progress progress;
	uint64_t total_bytes = 0;
	struct world *k;
	int rc;

	if (!record_may_keep(&w->record, slots_configured(w->conf)))
		return fail(ENOTSUP, "an init on this board is not known to know of it; the next update "
			    "can");
	k = kept_world(w);
	rc = plan(w, k);
	if (!rc)
		rc = undo_take_room(w, k);
	for (unsigned v = 0; v < w->record.volume_count; v++)
		total_bytes += data_bytes(&w->record.volume[v]);
	progress_begin(&progress, "keeping", name_of(w), total_bytes);
	for (unsigned v = 0; !rc && v < k->record.volume_count; v++) {
		rc = make_volume(w, k, v);
		progress_add(&progress, data_bytes(&w->record.volume[v]));
	}
	progress_end(&progress);
	if (!rc)
		rc = stop_asked();
	if (!rc)
		made = k;
	return rc;
}

int undo_make(struct world *w)
{
	const char *version = name_of(w);
	char why[FAIL_TEXT_MAX];
	int rc;

	made = NULL;
	if (w->conf->keep_old == KEEP_NOT)
		return 0;
	rc = make(w);
	if (!rc)
		return 0;
	snprintf(why, sizeof(why), "%s", fail_text());
	if (settle_files(w))
		log_warn("%s; a later boot gives the space back", fail_text());
	if (w->conf->keep_old == KEEP_MUST || stop_asked())
		return fail(-rc, "%s cannot be kept: %s", version, why);
	log_warn("%s cannot be kept, so that there will be no way back to it: %s", version, why);
	return 0;
}

void undo_note(const struct world *w, struct record *next)
{
	struct record_kept *kept = &next->kept;
	const struct record *rec;

	record_drop_kept(next);
	if (!made)
		return;
	rec = &made->record;
	memcpy(kept->update_id, rec->update_id, sizeof(kept->update_id));
	snprintf(kept->version, sizeof(kept->version), "%s", name_of(w));
	kept->store_place = rec->store_place;
	kept->store_part = rec->store_part;
	kept->store_dir_inode = rec->store_dir_inode;
	kept->slot = w->record.slot ? w->record.slot_old : 0;
	kept->when_s = sys_wall_s();
	kept->volume_count = rec->volume_count;
	memcpy(kept->volume, rec->volume, sizeof(kept->volume));
	kept->extent_count = rec->extent_count;
	memcpy(kept->extent, rec->extent, rec->extent_count * sizeof(kept->extent[0]));
}
