/* SPDX-License-Identifier: MIT */
/*
 * The record in memory: how it ends, and its bounds.  Pure: no device, no clock.  Serves I5: where a
 * store lies, and whose it is, is believed only within these bounds.  Its bytes: record_bytes.c.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "state/record.h"

#define SECTORS_MAX (UINT64_C(1) << 54)		/* 2^63 bytes */
#define CHUNK_SECTORS_MAX 2097152u		/* the kernel's limit, as in cow/format.h */

const char *phase_name(enum phase phase)
{
	static const char *const names[] = { "idle", "staging", "trial", "merging" };

	_Static_assert(ARRAY_SIZE(names) == PHASE_COUNT, "every phase has a name");
	return (unsigned)phase < PHASE_COUNT ? names[phase] : "unknown";
}

const char *result_name(enum result result)
{
	static const char *const names[] = { "none", "merged", "reverted", "cancelled",
					     "restored" };

	_Static_assert(ARRAY_SIZE(names) == RESULT_COUNT, "every result has a name");
	return (unsigned)result < RESULT_COUNT ? names[result] : "unknown";
}

void record_clear(struct record *rec)
{
	const uint64_t generation = rec->generation;
	const struct record_result last = rec->last;
	const char slot_old = rec->slot_old;
	const struct record_recovery recovery = rec->recovery;

	memset(rec, 0, sizeof(*rec));
	rec->generation = generation;
	rec->last = last;
	rec->slot_old = slot_old;
	rec->recovery = recovery;
}

static unsigned count_partial(const struct record *rec)
{
	unsigned count = 0;

	while (count < RECORD_VOLUMES_MAX && rec->recovery.partial[count][0])
		count++;
	return count;
}

/* Its place in the list; the list's length when it is not there. */
static unsigned find_partial(const struct record *rec, const char *volume)
{
	const unsigned count = count_partial(rec);
	unsigned i = 0;

	while (i < count && strcmp(rec->recovery.partial[i], volume) != 0)
		i++;
	return i;
}

bool record_is_partial(const struct record *rec, const char *volume)
{
	return find_partial(rec, volume) < count_partial(rec);
}

int record_set_partial(struct record *rec, const char *volume)
{
	const unsigned i = find_partial(rec, volume);

	if (i == RECORD_VOLUMES_MAX)
		return -ENOSPC;
	return text_copy(rec->recovery.partial[i], sizeof(rec->recovery.partial[i]), volume);
}

void record_set_whole(struct record *rec, const char *volume)
{
	const unsigned i = find_partial(rec, volume), count = count_partial(rec);

	if (i == count)
		return;
	memmove(rec->recovery.partial[i], rec->recovery.partial[count - 1],
		sizeof(rec->recovery.partial[i]));
	memset(rec->recovery.partial[count - 1], 0, sizeof(rec->recovery.partial[i]));
}

void record_end(struct record *rec, enum result result, const char *reason, uint64_t when_s)
{
	struct record_result *last = &rec->last;

	memset(last, 0, sizeof(*last));
	last->result = result;
	last->when_s = when_s;
	memcpy(last->version_from, rec->version_from, sizeof(last->version_from));
	memcpy(last->version_to, rec->version_to, sizeof(last->version_to));
	memcpy(last->reason, reason, strnlen(reason, sizeof(last->reason) - 1));
	if ((result == RESULT_MERGED || rec->phase == PHASE_MERGING) && rec->slot)
		rec->slot_old = rec->slot;
	record_clear(rec);
}

static bool text_ends(const char *text, size_t size_bytes)
{
	return memchr(text, 0, size_bytes) != NULL;
}

static bool slot_ok(char slot)
{
	return slot == 0 || slot == 'a' || slot == 'b';
}

/* The extents begin where those of the volume before ended; in all, as long as the store. */
static const char *wrong_extents(const struct record *rec, const struct record_volume *vol,
				 uint32_t first)
{
	uint64_t left = vol->store_sectors;

	if (vol->extent_first != first || vol->extent_count > rec->extent_count - first)
		return "a volume's extents are not its own";
	for (uint32_t i = first; i < first + vol->extent_count; i++) {
		const struct extent *extent = &rec->extent[i];

		if (extent->size_sectors == 0 || extent->size_sectors > left)
			return "a store's extents are not as long as the store";
		if (extent->start_sectors > SECTORS_MAX)
			return "an extent's start";
		left -= extent->size_sectors;
	}
	if (left && rec->phase != PHASE_STAGING)
		return "a store's extents are not as long as the store";
	return NULL;
}

static const char *wrong_volume(const struct record *rec, unsigned v)
{
	const struct record_volume *vol = &rec->volume[v];
	const uint64_t chunk = vol->chunk_sectors;

	if (!text_ends(vol->name, sizeof(vol->name)) || !text_is_name(vol->name))
		return "a volume's name";
	for (unsigned i = 0; i < v; i++)
		if (strcmp(rec->volume[i].name, vol->name) == 0)
			return "two volumes of one name";
	if (vol->volume_sectors == 0 || vol->volume_sectors > SECTORS_MAX)
		return "a volume's length";
	if (vol->image_bytes == 0 || vol->image_bytes > vol->volume_sectors * SECTOR_BYTES)
		return "an image's length";
	if (chunk == 0 || chunk > CHUNK_SECTORS_MAX || (chunk & (chunk - 1)) != 0)
		return "a chunk's length";
	if (vol->store_sectors > SECTORS_MAX)
		return "a store's length";
	/* The header, at least one area, and the data. */
	if (rec->phase != PHASE_STAGING && (vol->store_sectors / chunk < 2 ||
					    vol->exceptions > vol->store_sectors / chunk - 2))
		return "more exceptions than the store holds";
	return NULL;
}

static const char *wrong_volumes(const struct record *rec)
{
	uint32_t extents = 0;

	if (rec->volume_count > RECORD_VOLUMES_MAX || rec->extent_count > RECORD_EXTENTS_MAX)
		return "the number of volumes or extents";
	if (rec->phase == PHASE_IDLE && rec->volume_count != 0)
		return "volumes without an update";
	if ((rec->phase == PHASE_TRIAL || rec->phase == PHASE_MERGING) && rec->volume_count == 0)
		return "an update without volumes";
	for (unsigned v = 0; v < rec->volume_count; v++) {
		const char *wrong = wrong_volume(rec, v);

		if (!wrong)
			wrong = wrong_extents(rec, &rec->volume[v], extents);
		if (wrong)
			return wrong;
		extents += rec->volume[v].extent_count;
	}
	return extents == rec->extent_count ? NULL : "extents that are no volume's";
}

static const char *wrong_recovery(const struct record *rec)
{
	const struct record_recovery *r = &rec->recovery;
	const unsigned count = count_partial(rec);

	if (r->reboots > RECORD_BOOTS_MAX || r->idle_boots > RECORD_BOOTS_MAX)
		return "a counter of boots";
	if (count && rec->phase != PHASE_IDLE)
		return "an image that is not whole beside an update";
	for (unsigned i = 0; i < RECORD_VOLUMES_MAX; i++) {
		if (!text_ends(r->partial[i], sizeof(r->partial[i])) ||
		    (i < count ? !text_is_name(r->partial[i]) : r->partial[i][0]))
			return "the name of a volume that is not whole";
		for (unsigned k = 0; k < i && i < count; k++)
			if (strcmp(r->partial[i], r->partial[k]) == 0)
				return "a volume that is not whole twice";
	}
	return NULL;
}

const char *record_wrong(const struct record *rec)
{
	const struct record_result *last = &rec->last;

	if (rec->generation > INT64_MAX)
		return "the generation";
	if ((unsigned)rec->phase >= PHASE_COUNT || (unsigned)last->result >= RESULT_COUNT ||
	    (unsigned)rec->store_place >= STORE_PLACE_COUNT)
		return "the phase, the result or the stores' place";
	if (rec->tries_total > RECORD_TRIES_MAX || rec->tries_left > rec->tries_total)
		return "the tries";
	if (!slot_ok(rec->slot) || !slot_ok(rec->slot_old))
		return "a slot";
	if (!text_ends(rec->version_from, sizeof(rec->version_from)) ||
	    !text_ends(rec->version_to, sizeof(rec->version_to)) ||
	    !text_ends(last->version_from, sizeof(last->version_from)) ||
	    !text_ends(last->version_to, sizeof(last->version_to)))
		return "a version";
	if (!text_ends(rec->refused, sizeof(rec->refused)) ||
	    !text_ends(last->reason, sizeof(last->reason)))
		return "a reason";
	if (rec->store_part_start_sectors > SECTORS_MAX)
		return "the start of the stores' partition";
	if (wrong_recovery(rec))
		return wrong_recovery(rec);
	return wrong_volumes(rec);
}

bool record_ok(const struct record *rec)
{
	return record_wrong(rec) == NULL;
}
