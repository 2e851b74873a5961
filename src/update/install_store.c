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
#include "storage/storefile.h"
#include "update/store.h"

#define HEAD_BYTES SECTOR_BYTES		/* kept back until the rest is durable: header and mark */

_Static_assert(COW_MARK_OFFSET + COW_MARK_BYTES <= HEAD_BYTES, "the mark comes with the header");

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

int install_place(uint64_t part_start_sectors, uint64_t part_size_sectors, uint64_t align_sectors,
		const uint64_t *store_sectors, unsigned count, struct extent *ret_extents,
		uint64_t *ret_need_sectors)
{
	uint64_t at_sectors = part_start_sectors;
	uint64_t end_sectors = part_start_sectors + part_size_sectors;
	bool fits = true;

	for (unsigned i = 0; i < count; i++) {
		uint64_t over = at_sectors % align_sectors;

		if (over)
			at_sectors += align_sectors - over;
		if (at_sectors > end_sectors || store_sectors[i] > end_sectors - at_sectors)
			fits = false;
		else
			ret_extents[i] = (struct extent){ at_sectors - part_start_sectors,
							  store_sectors[i] };
		at_sectors += store_sectors[i];
	}
	*ret_need_sectors = at_sectors - part_start_sectors;
	return fits ? 0 : -ENOSPC;
}

/*
 * The disk's io_min; or a larger chunk that is a multiple of it, so that chunks begin at multiples of
 * their own size.
 */
static uint64_t raw_align_sectors(const struct record *rec, const struct part *part)
{
	uint64_t align = part->io_min_bytes / SECTOR_BYTES;

	if (!align)
		align = 1;
	for (unsigned v = 0; v < rec->volume_count; v++) {
		uint32_t chunk_sectors = rec->volume[v].chunk_sectors;

		if (chunk_sectors > align && chunk_sectors % align == 0)
			align = chunk_sectors;
	}
	return align;
}

static int reserve_raw(struct record *rec, const struct part *part)
{
	uint64_t store_sectors[RECORD_VOLUMES_MAX], need_sectors;
	int rc;

	for (unsigned v = 0; v < rec->volume_count; v++)
		store_sectors[v] = rec->volume[v].store_sectors;
	rc = install_place(part->start_sectors, part->size_sectors, raw_align_sectors(rec, part),
			   store_sectors, rec->volume_count, rec->extent, &need_sectors);
	if (rc)
		return fail(ENOSPC, "its stores need %" PRIu64 " KiB, the partition %s has %" PRIu64
			    " KiB", need_sectors / 2, part->path, part->size_sectors / 2);
	for (unsigned v = 0; v < rec->volume_count; v++) {
		rec->volume[v].extent_first = v;
		rec->volume[v].extent_count = 1;
	}
	rec->extent_count = rec->volume_count;
	return 0;
}

static int reserve_files(struct world *w, const struct part *part)
{
	struct record *rec = &w->record;
	struct place_folder folder;
	struct store_dir dir;
	int rc = world_store_dir(w, &dir);

	if (!rc)
		rc = storedir_folder(&dir, &folder);
	if (!rc)
		rec->store_dir_inode = folder.inode;
	for (unsigned v = 0; !rc && v < rec->volume_count; v++) {
		struct record_volume *volume = &rec->volume[v];

		rc = storefile_create(&dir, volume->name, volume->store_sectors, part->start_sectors,
				      part->io_min_bytes, &rec->extent[rec->extent_count],
				      RECORD_EXTENTS_MAX - rec->extent_count,
				      &volume->extent_count);
		if (rc)
			break;
		volume->extent_first = rec->extent_count;
		rec->extent_count += volume->extent_count;
	}
	return rc;
}

int install_reserve(struct world *w)
{
	const struct part *part = install_store_part(w);

	if (!part)
		return -ENODEV;
	if (w->record.store_place == STORE_ON_PARTITION)
		return reserve_raw(&w->record, part);
	return reserve_files(w, part);
}

/* ---- what goes in ---- */

struct filling {
	struct dev dev;
	struct fill fill;
	uint8_t head[HEAD_BYTES];
	const struct bundle *bundle;
	struct progress *progress;
};

/* The store's bytes in order: the head is kept back, the rest goes to its place. */
static int take_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct filling *f = ctx;
	const uint8_t *from = data;
	int rc;

	if (f->fill.at_bytes < HEAD_BYTES) {
		size_t head_bytes = HEAD_BYTES - (size_t)f->fill.at_bytes;

		if (head_bytes > len_bytes)
			head_bytes = len_bytes;
		memcpy(f->head + f->fill.at_bytes, from, head_bytes);
		f->fill.at_bytes += head_bytes;
		from += head_bytes;
		len_bytes -= head_bytes;
	}
	rc = fill_add(&f->fill, from, len_bytes);
	if (!rc)
		progress_set(f->progress, bundle_done_bytes(f->bundle));
	return rc;
}

/*
 * An older store that lay here must not come alive again: its header and first area are zeroed,
 * durably, before anything new is written (docs/kernel-behaviour.md, section 2).
 */
static int wipe(const struct dev *dev, uint64_t len_bytes)
{
	static const uint8_t zeros[64 * 1024];

	for (uint64_t at = 0; at < len_bytes;) {
		uint64_t left = len_bytes - at;
		size_t piece_bytes = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);
		int rc = dev_write(dev, at, zeros, piece_bytes);

		if (rc)
			return rc;
		at += piece_bytes;
	}
	return dev_flush(dev);
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

/* The header last: without it the store is nobody's. */
static int write_head(struct filling *f, const struct record *rec, unsigned v)
{
	struct cow_mark mark = store_mark(rec, v);
	int rc = dev_flush(&f->dev);

	if (rc)
		return rc;
	cow_mark_encode(&mark, f->head + COW_MARK_OFFSET);
	rc = dev_write(&f->dev, 0, f->head, sizeof(f->head));
	return rc ? rc : dev_flush(&f->dev);
}

int install_fill(struct world *w, unsigned v, struct bundle *bundle, struct progress *progress)
{
	const struct record_volume *volume = &w->record.volume[v];
	struct filling f = { .dev = DEV_CLOSED, .fill = { .dev = &f.dev }, .bundle = bundle,
			     .progress = progress };
	const struct cow_sink sink = { .write = take_bytes, .ctx = &f };
	char path[DM_PATH_MAX], name[STORE_NAME_MAX];
	struct map_disk disk;
	int rc = store_map(w, v, &disk);

	if (rc)
		return rc;
	store_name(name, volume->name);
	rc = dev_open(dm_path(path, name), DEV_WRITE, &f.dev);
	if (rc)
		return rc;
	rc = wipe(&f.dev, 2 * (uint64_t)volume->chunk_sectors * SECTOR_BYTES);
	if (!rc)
		rc = bundle_volume_next(bundle, &sink);
	if (!rc)
		rc = fill_tail(&f, w, volume);
	if (!rc)
		rc = kept_write(&f.dev, &w->record, v);
	if (!rc)
		rc = write_head(&f, &w->record, v);
	dev_close(&f.dev);
	return rc;
}
