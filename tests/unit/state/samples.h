/* SPDX-License-Identifier: MIT */
/* Records to test with, one per shape that matters. Each includes its own helpers: one program, one file. */
#ifndef TESTS_STATE_SAMPLES_H
#define TESTS_STATE_SAMPLES_H

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "state/record.h"

/* A volume with a store of `exceptions` in chunks of 8 sectors, cut into `pieces` extents. */
static inline void sample_volume(struct record *rec, const char *name, uint64_t exceptions,
				 uint32_t pieces)
{
	struct record_volume *vol = &rec->volume[rec->volume_count++];
	uint64_t left = (2 + exceptions + exceptions / 256) * 8;

	snprintf(vol->name, sizeof(vol->name), "%s", name);
	vol->volume_sectors = 1433600;
	vol->image_bytes = 1433600 * UINT64_C(512);
	vol->chunk_sectors = 8;
	vol->store_sectors = left;
	vol->exceptions = exceptions;
	for (size_t i = 0; i < sizeof(vol->new_digest); i++)
		vol->new_digest[i] = (uint8_t)(0xd0 + i + rec->volume_count);
	vol->extent_first = rec->extent_count;
	vol->extent_count = pieces;
	for (uint32_t i = 0; i < pieces; i++) {
		struct extent *extent = &rec->extent[rec->extent_count++];

		extent->start_sectors = UINT64_C(0x100000) * rec->volume_count + i * 1024u;
		extent->size_sectors = i + 1 < pieces ? 8 : left;
		left -= extent->size_sectors;
	}
}

static inline void sample_update(struct record *rec, enum phase phase)
{
	rec->phase = phase;
	rec->tries_total = 3;
	rec->tries_left = phase == PHASE_TRIAL ? 2 : 3;
	for (size_t i = 0; i < sizeof(rec->update_id); i++)
		rec->update_id[i] = (uint8_t)(0xa0 + i);
	snprintf(rec->version_from, sizeof(rec->version_from), "12.11");
	snprintf(rec->version_to, sizeof(rec->version_to), "12.11+security");
}

static inline void sample_idle(struct record *rec)
{
	memset(rec, 0, sizeof(*rec));
	rec->generation = 1;
}

static inline void sample_staging(struct record *rec)
{
	sample_idle(rec);
	rec->generation = 2;
	sample_update(rec, PHASE_STAGING);
}

/* Two volumes, stores in files, a kernel slot, and the result of the update before. */
static inline void sample_trial(struct record *rec)
{
	sample_staging(rec);
	rec->generation = 0x0102030405060708;
	rec->phase = PHASE_TRIAL;
	rec->tries_left = 2;
	rec->slot = 'b';
	rec->slot_old = 'a';
	rec->store_place = STORE_IN_FILES;
	rec->store_part_start_sectors = 264192;
	sample_volume(rec, "system", 6979, 3);
	sample_volume(rec, "vendor", 256, 1);
	snprintf(rec->refused, sizeof(rec->refused), "the camera does not start");
	rec->last.result = RESULT_MERGED;
	rec->last.when_s = 1767225600;
	snprintf(rec->last.version_from, sizeof(rec->last.version_from), "12.10");
	snprintf(rec->last.version_to, sizeof(rec->last.version_to), "12.11");
	snprintf(rec->last.reason, sizeof(rec->last.reason), "every store is merged");
}

/* One volume, its store on a partition of its own. */
static inline void sample_merging(struct record *rec)
{
	sample_idle(rec);
	rec->generation = 9;
	sample_update(rec, PHASE_MERGING);
	rec->store_place = STORE_ON_PARTITION;
	rec->store_part_start_sectors = 2048;
	sample_volume(rec, "system", 4096, 1);
}

static inline void sample_reverted(struct record *rec)
{
	sample_trial(rec);
	rec->refused[0] = 0;
	record_end(rec, RESULT_REVERTED,
		   "all tries are spent and the new system never said it is good", 1767312000);
	rec->generation = 12;
}

/* All that recovery keeps: an image that is not whole on either volume, a request, both counters. */
static inline void sample_partial(struct record *rec)
{
	sample_trial(rec);
	rec->refused[0] = 0;
	record_end(rec, RESULT_RESTORED, "an image was put onto vendor in recovery", 1767312000);
	rec->generation = 13;
	rec->recovery.asked = true;
	rec->recovery.reboots = 3;
	rec->recovery.idle_boots = 7;
	snprintf(rec->recovery.partial[0], sizeof(rec->recovery.partial[0]), "vendor");
	snprintf(rec->recovery.partial[1], sizeof(rec->recovery.partial[1]), "system");
}

/* `extents` extents: as many blocks as one likes. */
static inline void sample_long(struct record *rec, uint32_t extents)
{
	sample_idle(rec);
	sample_update(rec, PHASE_TRIAL);
	sample_volume(rec, "system", 100000, extents);
}

#endif
