/* SPDX-License-Identifier: MIT */
/*
 * Room for the stores, and what goes into them.  Must only run while the record says `staging`:
 * whatever happens, the next boot drops it all (I9).  Writes through NAME-store alone, so that what is
 * written lies where the trial will map it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "map/dm.h"
#include "update/fill.h"
#include "update/install.h"
#include "update/lay.h"
#include "update/room.h"
#include "update/store.h"

void install_plan(const struct world *w, const struct bundle_manifest *manifest, struct record *next)
{
	next->volume_count = manifest->volume_count;
	next->store_place = w->conf->store[0] ? STORE_ON_PARTITION : STORE_IN_FILES;
	next->store_part = place_of(install_store_part(w));
	next->extent_count = 0;
	for (unsigned v = 0; v < manifest->volume_count; v++) {
		const struct bundle_volume *from = &manifest->volume[v];
		struct record_volume *to = &next->volume[v];
		const struct part *part;

		memset(to, 0, sizeof(*to));
		snprintf(to->name, sizeof(to->name), "%s", from->name);
		part = &w->volume_part[world_named(w, from->name)];
		to->origin = place_of(part);
		to->volume_sectors = part->size_sectors;
		to->image_bytes = from->image_bytes;
		to->chunk_sectors = from->chunk_sectors;
		to->store_sectors = cow_room_sectors(from->chunk_sectors, from->exceptions);
		to->exceptions = from->exceptions;
		memcpy(to->new_digest, from->new_digest, sizeof(to->new_digest));
	}
}

int install_reserve(struct world *w)
{
	const struct part *part = install_store_part(w);
	const struct record_kept *kept = &w->record.kept;
	const bool beside = kept->store_place == STORE_ON_PARTITION;

	if (!part)
		return -ENODEV;
	return room_reserve(w, part, kept->extent, beside ? kept->extent_count : 0);
}

/* ---- what goes in ---- */

struct filling {
	struct dev dev;
	struct lay lay;
	const struct bundle *bundle;
	struct progress *progress;
};

static int take_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct filling *f = ctx;
	int rc = lay_add(&f->lay, data, len_bytes);

	if (!rc)
		progress_set(f->progress, bundle_done_bytes(f->bundle));
	return rc;
}

/* From one device to a place on the other. */
static int copy(const struct dev *from, uint64_t from_bytes, const struct dev *to,
		uint64_t to_bytes, uint64_t len_bytes)
{
	static uint8_t buf[64 * 1024];

	for (uint64_t done = 0; done < len_bytes;) {
		uint64_t left = len_bytes - done;
		size_t piece_bytes = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		int rc = dev_read(from, from_bytes + done, buf, piece_bytes);

		if (!rc)
			rc = dev_write(to, to_bytes + done, buf, piece_bytes);
		if (rc)
			return rc;
		done += piece_bytes;
	}
	return 0;
}

/* Where the image ends amid a chunk that the store brings: the rest of it is the partition's own. */
static int fill_tail(struct filling *f, const struct world *w, const struct record_volume *volume)
{
	uint64_t chunk_bytes = (uint64_t)volume->chunk_sectors * SECTOR_BYTES;
	uint64_t last_bytes = volume->image_bytes % chunk_bytes;
	uint64_t area_entries = cow_area_entries(volume->chunk_sectors);
	uint64_t i = volume->exceptions - 1, place_bytes, len_bytes;
	struct dev origin = DEV_CLOSED;
	uint8_t entry[COW_ENTRY_BYTES];
	int rc;

	if (!last_bytes || !volume->exceptions)
		return 0;
	rc = dev_read(&f->dev, cow_area_chunk(volume->chunk_sectors, i / area_entries) * chunk_bytes +
		      i % area_entries * COW_ENTRY_BYTES, entry, sizeof(entry));
	if (rc || get_le64(entry) != volume->image_bytes / chunk_bytes)
		return rc;
	if (get_le64(entry + 8) != cow_data_chunk(volume->chunk_sectors, i))
		return fail(EBADMSG, "the store of %s: its last chunk is not in its place",
			    volume->name);
	place_bytes = get_le64(entry + 8) * chunk_bytes + last_bytes;
	len_bytes = volume->volume_sectors * SECTOR_BYTES - volume->image_bytes;
	if (len_bytes > chunk_bytes - last_bytes)
		len_bytes = chunk_bytes - last_bytes;
	rc = verify_open_origin(w, volume->name, &origin);
	if (!rc)
		rc = copy(&origin, volume->image_bytes, &f->dev, place_bytes, len_bytes);
	dev_close(&origin);
	return rc;
}

/* What a delta is told by is the partition itself, which verify_base has compared with the manifest. */
static int unpack(const struct world *w, unsigned v, struct bundle *bundle, const struct cow_sink *sink)
{
	struct dev dev = DEV_CLOSED;
	struct cow_source origin;
	int rc;

	if (!bundle_manifest(bundle)->volume[v].delta_bytes)
		return bundle_volume_next(bundle, NULL, sink);
	rc = verify_open_origin(w, w->record.volume[v].name, &dev);
	if (rc)
		return rc;
	origin = store_source(&dev);
	rc = bundle_volume_next(bundle, &origin, sink);
	dev_close(&dev);
	return rc;
}

int install_fill(struct world *w, unsigned v, struct bundle *bundle, struct progress *progress)
{
	const struct record_volume *volume = &w->record.volume[v];
	struct filling f = { .dev = DEV_CLOSED, .bundle = bundle, .progress = progress };
	const struct cow_sink sink = { .write = take_bytes, .ctx = &f };
	char path[DM_PATH_MAX], name[STORE_NAME_MAX];
	struct map_disk disk;
	int rc = store_map(w, v, &disk);

	if (rc)
		return rc;
	store_name(name, volume->name, false);
	rc = dev_open(dm_path(path, name), DEV_WRITE, &f.dev);
	if (rc)
		return rc;
	rc = lay_begin(&f.lay, &f.dev, volume->chunk_sectors);
	if (!rc)
		rc = unpack(w, v, bundle, &sink);
	if (!rc)
		rc = fill_tail(&f, w, volume);
	if (!rc)
		rc = lay_end(&f.lay, &w->record, v);
	dev_close(&f.dev);
	return rc;
}
