/* SPDX-License-Identifier: MIT */
/*
 * One volume's store, read through its extents and mapped over them.  Maps linear only: no table that
 * reads the store's content is loaded here.  store_check is where I5 is held, for init and for the
 * command; it must never map anything, nor leave anything in a cache.
 */
#include "update/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "map/dm.h"
#include "storage/storefile.h"
#include "update/places.h"

/* Static, for PID 1 has no heap. A list that does not ascend needs a bit for each chunk. */
static uint8_t scratch_buf[64 * 1024];
static uint8_t scratch_bits[1024 * 1024];

void store_name(char buf[STORE_NAME_MAX], const char *volume, bool is_kept)
{
	snprintf(buf, STORE_NAME_MAX, is_kept ? "%s.kept" : "%s-store", volume);
}

void store_tag(char buf[STOREFILE_TAG_BYTES + 1], const uint8_t update_id[RECORD_ID_BYTES])
{
	text_hex(buf, update_id, STOREFILE_TAG_BYTES / 2);
}

static const char *tagged(char buf[STOREFILE_NAME_MAX], const struct world *w, unsigned v)
{
	char tag[STOREFILE_TAG_BYTES + 1];

	store_tag(tag, w->record.update_id);
	snprintf(buf, STOREFILE_NAME_MAX, "%s.%s", w->record.volume[v].name, tag);
	return buf;
}

const char *store_file(char buf[STOREFILE_NAME_MAX], const struct world *w, unsigned v)
{
	return w->is_kept ? tagged(buf, w, v) : w->record.volume[v].name;
}

/* The record's extents of volume v as pieces of the partition that they count from. */
static int take_pieces(const struct world *w, unsigned v, struct map_disk *ret_disk,
		       bool *ret_readonly, const struct extent **ret_pieces)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct extent *ext = &w->record.extent[vol->extent_first];
	const struct part *part = NULL;
	int rc = places_stores(w, &part);

	if (rc < 0)
		return fail_in(rc, "cannot use the store of %s", vol->name);
	for (unsigned i = 0; i < vol->extent_count; i++) {
		if (ext[i].start_sectors > part->size_sectors ||
		    ext[i].size_sectors > part->size_sectors - ext[i].start_sectors)
			return fail(EINVAL, "cannot use the store of %s: extent %u lies outside %s",
				    vol->name, i, part->path);
	}
	*ret_pieces = ext;
	*ret_disk = (struct map_disk){ part->major, part->minor };
	*ret_readonly = part->write_protected;
	return 0;
}

int store_is_there(const struct world *w, unsigned v)
{
	const struct extent *pieces;
	struct map_disk part;
	bool readonly;

	return take_pieces(w, v, &part, &readonly, &pieces);
}

int store_mapped(const struct world *w, unsigned v, struct map_disk *ret_disk)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct extent *pieces = NULL;
	struct map_disk part;
	char name[STORE_NAME_MAX];
	bool readonly;
	int rc = take_pieces(w, v, &part, &readonly, &pieces);

	store_name(name, vol->name, w->is_kept);
	return rc < 0 ? rc : dm_is_linear(name, part, pieces, vol->extent_count, ret_disk);
}

int store_map(const struct world *w, unsigned v, struct map_disk *ret_disk)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct extent *pieces = NULL;
	struct map_disk part;
	char name[STORE_NAME_MAX];
	bool readonly;
	int rc = take_pieces(w, v, &part, &readonly, &pieces);

	if (rc < 0)
		return rc;
	store_name(name, vol->name, w->is_kept);
	rc = dm_is_linear(name, part, pieces, vol->extent_count, ret_disk);
	if (rc == -ESTALE) {
		rc = dm_remove(name);
		if (rc < 0)
			return rc;
	} else if (rc != -ENXIO) {
		return rc;
	}
	/* What takes no writes can still show the new system, and a merge goes on where it does. */
	return dm_linear(name, readonly, part, pieces, vol->extent_count, ret_disk);
}

int store_unmap(const char *volume, bool is_kept)
{
	char name[STORE_NAME_MAX];

	store_name(name, volume, is_kept);
	return dm_remove(name);
}

static int read_dev(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	int rc = dev_read(ctx, offset_bytes, buf, len_bytes);

	alive();	/* a long list on a slow disk takes its time */
	return rc;
}

struct cow_source store_source(struct dev *dev)
{
	return (struct cow_source){ .read = read_dev, .ctx = dev, .size_bytes = dev->size_bytes };
}

static int read_extents(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct store_open *open = ctx;
	uint8_t *to = buf;
	int rc = 0;

	for (unsigned i = 0; !rc && len_bytes && i < open->count; i++) {
		const uint64_t size_bytes = open->extent[i].size_sectors * SECTOR_BYTES;
		uint64_t piece_bytes;

		if (offset_bytes >= size_bytes) {
			offset_bytes -= size_bytes;
			continue;
		}
		piece_bytes = size_bytes - offset_bytes;
		if (piece_bytes > len_bytes)
			piece_bytes = len_bytes;
		rc = dev_read(&open->dev, open->extent[i].start_sectors * SECTOR_BYTES + offset_bytes,
			      to, (size_t)piece_bytes);
		to += piece_bytes;
		len_bytes -= (size_t)piece_bytes;
		offset_bytes = 0;
	}
	alive();	/* a long list on a slow disk takes its time */
	if (!rc && len_bytes)
		return fail(EINVAL, "cannot read %zu bytes behind the store's end", len_bytes);
	return rc;
}

static int read_kept(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct store_open *open = ctx;

	return read_extents(ctx, open->kept_at_bytes + offset_bytes, buf, len_bytes);
}

bool store_has_kept(const struct record_volume *vol)
{
	return vol->store_sectors == cow_room_sectors(vol->chunk_sectors, vol->exceptions);
}

int store_open(const struct world *w, unsigned v, struct store_open *ret_open)
{
	const struct record_volume *vol = &w->record.volume[v];
	const uint64_t size_bytes = vol->store_sectors * SECTOR_BYTES;
	const struct part *part = NULL;
	int rc = store_is_there(w, v);

	*ret_open = (struct store_open){ .dev = DEV_CLOSED };
	if (!rc)
		rc = places_stores(w, &part);
	if (!rc)
		rc = dev_open(part->path, DEV_MEDIUM, &ret_open->dev);
	if (rc < 0)
		return rc;
	ret_open->extent = &w->record.extent[vol->extent_first];
	ret_open->count = vol->extent_count;
	ret_open->store = (struct cow_source){ read_extents, ret_open, size_bytes };
	ret_open->kept = (struct cow_source){ read_kept, ret_open, 0 };
	if (!store_has_kept(vol))
		return 0;
	ret_open->kept_at_bytes = cow_store_bytes(vol->chunk_sectors, vol->exceptions);
	ret_open->store.size_bytes = ret_open->kept_at_bytes;
	ret_open->kept.size_bytes = size_bytes - ret_open->kept_at_bytes;
	return 0;
}

void store_close(struct store_open *open)
{
	dev_close(&open->dev);
}

static int compare_file(const struct world *w, const struct store_dir *dir, const char *name,
			unsigned v)
{
	const struct record_volume *vol = &w->record.volume[v];

	return storefile_compare(dir, name, w->data_part.start_sectors, w->data_part.io_min_bytes,
				 &w->record.extent[vol->extent_first], vol->extent_count);
}

/* An update that was kept has its tag in its files' names; one that came by an install has not. */
int store_compare(const struct world *w, unsigned v)
{
	char name[STOREFILE_NAME_MAX];
	struct store_dir dir;
	int rc;

	if (w->record.store_place != STORE_IN_FILES || !w->data_dir)
		return 0;
	rc = world_store_dir(w, &dir);
	if (rc < 0)
		return rc;
	rc = compare_file(w, &dir, tagged(name, w, v), v);
	if (rc != -ENOENT || w->is_kept)
		return rc;
	return compare_file(w, &dir, w->record.volume[v].name, v);
}

struct cow_mark store_mark(const struct record *rec, unsigned v)
{
	struct cow_mark mark = { .exceptions = rec->volume[v].exceptions };

	memcpy(mark.update_id, rec->update_id, sizeof(mark.update_id));
	memcpy(mark.volume, rec->volume[v].name, sizeof(mark.volume));
	return mark;
}

static struct cow_scratch scratch(void)
{
	return (struct cow_scratch){ scratch_buf, sizeof(scratch_buf), scratch_bits,
				     sizeof(scratch_bits) };
}

int store_check_kept(const struct world *w, unsigned v, const struct store_open *open)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct cow_mark mark = store_mark(&w->record, v);
	const struct cow_scratch with = scratch();
	struct cow_found found;

	return cow_kept_check(&open->kept, &mark, vol->chunk_sectors,
			      vol->volume_sectors * SECTOR_BYTES, open->store.size_bytes, &with,
			      &found);
}

int store_check(const struct world *w, unsigned v, struct cow_found *ret_found)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct cow_mark mark = store_mark(&w->record, v);
	const struct cow_scratch with = scratch();
	const struct cow_expect expect = {
		.origin_bytes = vol->volume_sectors * SECTOR_BYTES,
		.chunk_sectors = vol->chunk_sectors,
		.mark = &mark,
		.exact_count = w->record.phase != PHASE_MERGING,
	};
	struct store_open open;
	int rc = store_open(w, v, &open);

	if (rc < 0)
		return rc;
	rc = cow_check(&open.store, &expect, &with, ret_found);
	store_close(&open);
	if (rc < 0)
		return fail_in(rc, "the store of %s cannot be used", vol->name);
	return 0;
}
