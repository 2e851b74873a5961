/* SPDX-License-Identifier: MIT */
/* Records to test with, one per shape that matters. Each includes its own helpers: one program, one file. */
#ifndef TESTS_STATE_SAMPLES_H
#define TESTS_STATE_SAMPLES_H

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "state/record_bytes.h"

/* Whether both say the same. Behind its count, a record's list holds anything. */
static inline bool same_record(const struct record *a, const struct record *b)
{
	static struct record of_a, of_b;

	memset(&of_a, 0, sizeof(of_a));
	memset(&of_b, 0, sizeof(of_b));
	record_copy(&of_a, a);
	record_copy(&of_b, b);
	return memcmp(&of_a, &of_b, sizeof(of_a)) == 0;
}

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
	rec->store_part.start_sectors = 264192;
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
	rec->store_part.start_sectors = 2048;
	sample_volume(rec, "system", 4096, 1);
}

/* Version 1 keeps the last result only. */
static inline void sample_forget(struct record *rec)
{
	rec->earlier_count = 0;
	memset(rec->earlier, 0, sizeof(rec->earlier));
	rec->more_count = 0;
	memset(rec->more, 0, sizeof(rec->more));
}

static inline void sample_reverted(struct record *rec)
{
	sample_trial(rec);
	rec->refused[0] = 0;
	record_end(rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 1767312000);
	sample_forget(rec);
	rec->generation = 12;
}

/* All that recovery keeps: an image that is not whole on either volume, a request, both counters. */
static inline void sample_partial(struct record *rec)
{
	sample_trial(rec);
	rec->refused[0] = 0;
	record_end(rec, RESULT_RESTORED, REASON_IMAGE_PUT, "", 1767312000);
	sample_forget(rec);
	/* A sentence as a record may have it, of whatever version. */
	memset(rec->last.reason, 0, sizeof(rec->last.reason));
	snprintf(rec->last.reason, sizeof(rec->last.reason),
		 "an image was put onto vendor in recovery");
	rec->generation = 13;
	rec->recovery.asked = true;
	rec->recovery.reboots = 3;
	rec->recovery.idle_boots = 7;
	snprintf(rec->recovery.partial[0], sizeof(rec->recovery.partial[0]), "vendor");
	snprintf(rec->recovery.partial[1], sizeof(rec->recovery.partial[1]), "system");
}

static inline void sample_place(struct place *place, uint8_t seed)
{
	for (unsigned i = 0; i < PLACE_UUID_BYTES; i++) {
		place->part_uuid[i] = (uint8_t)(seed + i);
		place->disk_id[i] = (uint8_t)(0x80 + i);
	}
	place->size_sectors = 0x100000u + seed;
}

/* Version 2: the trial with its places, an earlier result, and what the inits know. */
static inline void sample_placed(struct record *rec)
{
	sample_trial(rec);
	rec->generation = 5 * RECORD_GENERATION_STEP;
	sample_place(&rec->store_part, 0x10);
	rec->store_dir_inode = 131073;
	for (unsigned v = 0; v < rec->volume_count; v++) {
		sample_place(&rec->volume[v].origin, (uint8_t)(0x20 + v));
		rec->volume[v].origin.start_sectors = 2048;
	}
	rec->earlier[rec->earlier_count++] = (struct record_result){
		.result = RESULT_REVERTED,
		.when_s = 1767139200,
		.version_from = "12.10",
		.version_to = "12.11~rc1",
		.reason = "the tries are spent",
	};
	record_note_init(rec, 'a');
	rec->knows[RECORD_INIT_B] = (struct record_knows){ 3, 0x7, 0xf };
}

/* The phase that version 1 must not see. */
static inline void sample_proving(struct record *rec)
{
	sample_merging(rec);
	rec->phase = PHASE_PROVING;
	rec->generation = 6 * RECORD_GENERATION_STEP;
	sample_place(&rec->volume[0].origin, 0x20);
	record_note_init(rec, 0);
}

/* All that outlives an update: 16 results, what is installed, what is kept. */
static inline void sample_kept(struct record *rec)
{
	sample_idle(rec);
	rec->generation = 7 * RECORD_GENERATION_STEP;
	for (unsigned i = 0; i <= RECORD_EARLIER_MAX; i++) {
		snprintf(rec->version_from, sizeof(rec->version_from), "12.%u", i);
		snprintf(rec->version_to, sizeof(rec->version_to), "12.%u", i + 1);
		record_end(rec, RESULT_MERGED, REASON_MERGED, "", 1767225600 + i);
	}
	rec->installed_count = 1;
	snprintf(rec->installed[0].name, sizeof(rec->installed[0].name), "system");
	sample_place(&rec->installed[0].place, 0x20);
	rec->installed[0].image_bytes = 734003200;
	memset(rec->installed[0].digest, 0xd1, sizeof(rec->installed[0].digest));
	memset(rec->installed[0].root_hash, 0x4a, sizeof(rec->installed[0].root_hash));
	snprintf(rec->installed[0].version, sizeof(rec->installed[0].version), "12.16");
	/* A store, as the pending update's would be. */
	sample_volume(rec, "system", 4096, 2);
	sample_place(&rec->volume[0].origin, 0x20);
	memcpy(rec->kept.volume, rec->volume, sizeof(rec->kept.volume));
	memcpy(rec->kept.extent, rec->extent, 2 * sizeof(rec->extent[0]));
	rec->kept.volume_count = 1;
	rec->kept.extent_count = 2;
	sample_place(&rec->kept.store_part, 0x10);
	rec->kept.store_dir_inode = 131073;
	rec->kept.slot = 'a';
	rec->kept.when_s = 1767225616;
	memset(rec->kept.update_id, 0xb0, sizeof(rec->kept.update_id));
	snprintf(rec->kept.version, sizeof(rec->kept.version), "12.15");
	record_clear(rec);
}

/* What more is known of two results, of a third that the record has no more, and of the pending update. */
static inline void sample_more(struct record *rec)
{
	sample_merging(rec);
	rec->generation = 8 * RECORD_GENERATION_STEP;
	rec->tries_total = 3;
	rec->tries_left = 1;
	record_written_again(rec, 5);
	record_end(rec, RESULT_MERGED, REASON_MERGED, "", 1767225600);
	sample_update(rec, PHASE_TRIAL);
	rec->tries_left = 0;
	record_end(rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 1767225601);
	rec->more[rec->more_count] = rec->more[0];
	rec->more[rec->more_count++].crc ^= 1;
	sample_update(rec, PHASE_MERGING);
	sample_volume(rec, "system", 100, 1);
	record_written_again(rec, 3);
	record_written_again(rec, 4);
}

/* A trial that brings release 1.42, over a floor of 1.40. */
static inline void sample_released(struct record *rec)
{
	sample_merging(rec);
	rec->phase = PHASE_TRIAL;
	rec->generation = 9 * RECORD_GENERATION_STEP;
	record_release_note(rec, (UINT64_C(1) << 32) + 40, 0, 0);
	record_release_confirm(rec);
	record_release_note(rec, (UINT64_C(1) << 32) + 42, 20787, 1767225600);
}

/* `extents` extents: as many blocks as one likes. */
static inline void sample_long(struct record *rec, uint32_t extents)
{
	sample_idle(rec);
	sample_update(rec, PHASE_TRIAL);
	sample_volume(rec, "system", 100000, extents);
}

#endif
