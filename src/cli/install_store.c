/* SPDX-License-Identifier: MIT */
/*
 * Room for the stores, and what goes into them.  Must only run while the record says `staging`:
 * whatever happens, the next boot drops it all (I9).  Writes through NAME-store alone, so a wrong
 * place cannot be hit twice: what is written is what the trial will map.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cli/install.h"
#include "storage/storefile.h"
#include "update/store.h"

#define HEAD_BYTES SECTOR_BYTES		/* kept back until the rest is durable: header and mark */
#define FLUSH_EVERY_BYTES (32u << 20)	/* so that progress is what the disk took, not the memory */

_Static_assert(COW_MARK_OFFSET + COW_MARK_BYTES <= HEAD_BYTES, "the mark comes with the header");

void install_plan(struct board *b, const struct bundle_manifest *manifest)
{
	struct record *rec = &b->world.record;

	rec->volume_count = manifest->volume_count;
	rec->store_place = b->conf.store[0] ? STORE_ON_PARTITION : STORE_IN_FILES;
	rec->store_part_start_sectors = install_store_part(b)->start_sectors;
	rec->extent_count = 0;
	for (unsigned v = 0; v < manifest->volume_count; v++) {
		const struct bundle_volume *from = &manifest->volume[v];
		struct record_volume *to = &rec->volume[v];
		int i;

		memset(to, 0, sizeof(*to));
		snprintf(to->name, sizeof(to->name), "%s", from->name);
		i = world_volume(&b->world, v);
		to->volume_sectors = b->world.volume_part[i].size_sectors;
		to->image_bytes = from->image_bytes;
		to->chunk_sectors = from->chunk_sectors;
		to->store_sectors = from->store_bytes / SECTOR_BYTES;
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

/* The disk's io_min; a larger chunk, where both fit, so that chunks do not straddle it. */
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

static int reserve_files(struct board *b, const struct part *part)
{
	struct record *rec = &b->world.record;
	char dir[CONF_PATH_MAX + 16];
	int rc = world_store_dir(&b->world, dir, sizeof(dir));

	for (unsigned v = 0; !rc && v < rec->volume_count; v++) {
		struct record_volume *volume = &rec->volume[v];

		rc = storefile_create(dir, volume->name, volume->store_sectors, part->start_sectors,
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

int install_reserve(struct board *b)
{
	const struct part *part = install_store_part(b);

	if (!part)
		return -ENODEV;
	if (b->world.record.store_place == STORE_ON_PARTITION)
		return reserve_raw(&b->world.record, part);
	return reserve_files(b, part);
}

/* ---- what goes in ---- */

struct filling {
	struct dev dev;
	uint64_t at_bytes, flushed_bytes;
	uint8_t head[HEAD_BYTES];
	const struct bundle *bundle;
	struct progress *progress;
};

/* The store's bytes in order: the head is kept back, the rest goes to its place. */
static int take_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct filling *f = ctx;
	const uint8_t *from = data;
	int rc = install_stopped();

	if (!rc && f->at_bytes < HEAD_BYTES) {
		size_t head_bytes = HEAD_BYTES - (size_t)f->at_bytes;

		if (head_bytes > len_bytes)
			head_bytes = len_bytes;
		memcpy(f->head + f->at_bytes, from, head_bytes);
		f->at_bytes += head_bytes;
		from += head_bytes;
		len_bytes -= head_bytes;
	}
	if (!rc && len_bytes)
		rc = dev_write(&f->dev, f->at_bytes, from, len_bytes);
	if (rc)
		return rc;
	f->at_bytes += len_bytes;
	if (f->at_bytes - f->flushed_bytes >= FLUSH_EVERY_BYTES) {
		rc = dev_flush(&f->dev);
		f->flushed_bytes = f->at_bytes;
	}
	progress_set(f->progress, bundle_done_bytes(f->bundle));
	return rc;
}

/*
 * An older store that lay here must not come alive again: header and first area, durably, before
 * anything new is written (design, what must always hold).
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

/* The header last: without it the store is nobody's. */
static int write_head(struct filling *f, const struct record *rec, unsigned v)
{
	struct cow_mark mark = { .exceptions = rec->volume[v].exceptions };
	int rc = dev_flush(&f->dev);

	if (rc)
		return rc;
	memcpy(mark.update_id, rec->update_id, sizeof(mark.update_id));
	memcpy(mark.volume, rec->volume[v].name, sizeof(mark.volume));
	cow_mark_encode(&mark, f->head + COW_MARK_OFFSET);
	rc = dev_write(&f->dev, 0, f->head, sizeof(f->head));
	return rc ? rc : dev_flush(&f->dev);
}

int install_fill(struct board *b, unsigned v, struct bundle *bundle, struct progress *progress)
{
	const struct record_volume *volume = &b->world.record.volume[v];
	struct filling f = { .dev = DEV_CLOSED, .bundle = bundle, .progress = progress };
	const struct cow_sink sink = { .write = take_bytes, .ctx = &f };
	char path[STORE_NAME_MAX + 16], name[STORE_NAME_MAX];
	struct map_disk disk;
	int rc = store_map(&b->world, v, &disk);

	if (rc)
		return rc;
	store_name(name, volume->name);
	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	rc = dev_open(path, DEV_WRITE, &f.dev);
	if (rc)
		return rc;
	rc = wipe(&f.dev, 2 * (uint64_t)volume->chunk_sectors * SECTOR_BYTES);
	if (!rc)
		rc = bundle_volume_next(bundle, &sink);
	if (!rc)
		rc = write_head(&f, &b->world.record, v);
	dev_close(&f.dev);
	return rc;
}
