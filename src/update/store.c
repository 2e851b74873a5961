/* SPDX-License-Identifier: MIT */
/*
 * One volume's store as a device.  Maps linear only: no table that reads the store's content is
 * loaded here.  store_check is where I5 is held, for init and for the command.
 */
#include "update/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "map/dm.h"

/* record and map do not know each other's extents; here they meet. */
_Static_assert(sizeof(struct extent) == sizeof(struct map_piece), "same shape");

/* Static, for PID 1 has no heap. A list that does not ascend needs a bit for each chunk. */
static uint8_t scratch_buf[64 * 1024];
static uint8_t scratch_bits[1024 * 1024];
static struct map_piece pieces[RECORD_EXTENTS_MAX];

void store_name(char buf[STORE_NAME_MAX], const char *volume)
{
	snprintf(buf, STORE_NAME_MAX, "%s-store", volume);
}

/* The partition that the extents count from, if it is there and is the one they were taken on. */
static int store_part(const struct world *w, const struct part **ret_part)
{
	bool files = w->record.store_place == STORE_IN_FILES;
	const struct part *part = files ? &w->data_part : &w->store_part;

	if (files ? !w->has_data : !w->has_store_part)
		return fail(ENODEV,
			    "cannot map stores: the partition they lie on (%s) is not there",
			    files ? w->conf->data.spec : w->conf->store);
	if (part->start_sectors != w->record.store_part_start_sectors)
		return fail(ESTALE,
			    "cannot map stores: %s begins at sector %llu, the record says %llu",
			    part->path, (unsigned long long)part->start_sectors,
			    (unsigned long long)w->record.store_part_start_sectors);
	*ret_part = part;
	return 0;
}

int store_map(const struct world *w, unsigned v, struct map_disk *ret_disk)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct extent *ext = &w->record.extent[vol->extent_first];
	const struct part *part = NULL;
	struct dm_state state;
	char name[STORE_NAME_MAX];
	int rc;

	store_name(name, vol->name);
	rc = dm_state(name, &state);
	if (rc == 0) {
		*ret_disk = state.disk;
		return 0;
	}
	rc = store_part(w, &part);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < vol->extent_count; i++) {
		if (ext[i].start_sectors > part->size_sectors ||
		    ext[i].size_sectors > part->size_sectors - ext[i].start_sectors)
			return fail(EINVAL, "cannot map the store of %s: extent %u lies outside %s",
				    vol->name, i, part->path);
		pieces[i].start_sectors = ext[i].start_sectors;
		pieces[i].size_sectors = ext[i].size_sectors;
	}
	return dm_linear(name, false, (struct map_disk){ part->major, part->minor }, pieces,
			 vol->extent_count, ret_disk);
}

int store_unmap(const char *volume)
{
	char name[STORE_NAME_MAX];

	store_name(name, volume);
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

int store_check(const struct world *w, unsigned v, struct cow_found *ret_found)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct cow_scratch scratch = { scratch_buf, sizeof(scratch_buf), scratch_bits,
					     sizeof(scratch_bits) };
	struct cow_mark mark = { .exceptions = vol->exceptions };
	struct cow_expect expect = {
		.origin_bytes = vol->volume_sectors * SECTOR_BYTES,
		.chunk_sectors = vol->chunk_sectors,
		.mark = &mark,
		.exact_count = w->record.phase != PHASE_MERGING,
	};
	struct cow_source source;
	struct dev dev = DEV_CLOSED;
	char path[sizeof("/dev/mapper/") + STORE_NAME_MAX];
	char name[STORE_NAME_MAX];
	int rc;

	memcpy(mark.update_id, w->record.update_id, sizeof(mark.update_id));
	snprintf(mark.volume, sizeof(mark.volume), "%s", vol->name);
	store_name(name, vol->name);
	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	rc = dev_open(path, DEV_READ, &dev);
	if (rc < 0)
		return rc;
	/* What an earlier reader left in the cache says nothing of the medium. */
	rc = dev_drop_cache(&dev);
	if (rc == 0) {
		source = store_source(&dev);
		rc = cow_check(&source, &expect, &scratch, ret_found);
	}
	dev_close(&dev);
	if (rc < 0)
		return fail_in(rc, "the store of %s cannot be used", vol->name);
	return 0;
}
