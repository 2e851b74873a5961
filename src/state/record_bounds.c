/* SPDX-License-Identifier: MIT */
/*
 * The record's bounds.  Pure.  Serves I5: where a store lies, and whose it is, is believed only within
 * them; encode and decode both insist on every one.  Must never pass what a later reader of the same
 * bytes would refuse.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/release.h"
#include "base/text.h"
#include "state/record_bytes.h"

#define SECTORS_MAX (UINT64_C(1) << 54)		/* 2^63 bytes */
#define CHUNK_SECTORS_MAX 2097152u		/* the kernel's limit, as in cow/format.h */

/* The volumes of the pending update, or those whose stores are kept, with their extents. */
struct volumes {
	const struct record_volume *volume;
	uint32_t count, extent_count, extents_max;
	const struct extent *extent;
	bool is_whole;	/* every store is as long as its extents, and its exceptions fit into it */
};

static bool text_ends(const char *text, size_t size_bytes)
{
	return memchr(text, 0, size_bytes) != NULL;
}

static bool slot_ok(char slot)
{
	return slot == 0 || slot == 'a' || slot == 'b';
}

static bool place_ok(const struct place *place)
{
	return place->start_sectors <= SECTORS_MAX && place->size_sectors <= SECTORS_MAX;
}

/* The extents begin where those of the volume before ended; in all, as long as the store. */
static const char *wrong_extents(const struct volumes *all, const struct record_volume *vol,
				 uint32_t first)
{
	uint64_t left = vol->store_sectors;

	if (vol->extent_first != first || vol->extent_count > all->extent_count - first)
		return "a volume's extents are not its own";
	for (uint32_t i = first; i < first + vol->extent_count; i++) {
		const struct extent *extent = &all->extent[i];

		if (extent->size_sectors == 0 || extent->size_sectors > left)
			return "a store's extents are not as long as the store";
		if (extent->start_sectors > SECTORS_MAX)
			return "an extent's start";
		left -= extent->size_sectors;
	}
	if (left && all->is_whole)
		return "a store's extents are not as long as the store";
	return NULL;
}

static const char *wrong_volume(const struct volumes *all, unsigned v)
{
	const struct record_volume *vol = &all->volume[v];
	const uint64_t chunk = vol->chunk_sectors;

	if (!text_ends(vol->name, sizeof(vol->name)) || !text_is_name(vol->name))
		return "a volume's name";
	for (unsigned i = 0; i < v; i++)
		if (strcmp(all->volume[i].name, vol->name) == 0)
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
	if (all->is_whole && (vol->store_sectors / chunk < 2 ||
			      vol->exceptions > vol->store_sectors / chunk - 2))
		return "more exceptions than the store holds";
	return place_ok(&vol->origin) ? NULL : "a volume's place";
}

static const char *wrong_volumes(const struct volumes *all)
{
	uint32_t extents = 0;

	if (all->count > RECORD_VOLUMES_MAX || all->extent_count > all->extents_max)
		return "the number of volumes or extents";
	for (unsigned v = 0; v < all->count; v++) {
		const char *wrong = wrong_volume(all, v);

		if (!wrong)
			wrong = wrong_extents(all, &all->volume[v], extents);
		if (wrong)
			return wrong;
		extents += all->volume[v].extent_count;
	}
	return extents == all->extent_count ? NULL : "extents that are no volume's";
}

static const char *wrong_update(const struct record *rec)
{
	const struct volumes all = {
		.volume = rec->volume,
		.count = rec->volume_count,
		.extent = rec->extent,
		.extent_count = rec->extent_count,
		.extents_max = RECORD_EXTENTS_MAX,
		.is_whole = rec->phase != PHASE_STAGING,
	};

	if ((unsigned)rec->store_place >= STORE_PLACE_COUNT)
		return "the stores' place";
	if (!place_ok(&rec->store_part))
		return "the place of the stores' partition";
	if (rec->phase == PHASE_IDLE && rec->volume_count != 0)
		return "volumes without an update";
	if (rec->phase != PHASE_IDLE && rec->phase != PHASE_STAGING && rec->volume_count == 0)
		return "an update without volumes";
	return wrong_volumes(&all);
}

static const char *wrong_kept(const struct record_kept *kept)
{
	const struct volumes all = {
		.volume = kept->volume,
		.count = kept->volume_count,
		.extent = kept->extent,
		.extent_count = kept->extent_count,
		.extents_max = RECORD_KEPT_EXTENTS_MAX,
		.is_whole = true,
	};

	if ((unsigned)kept->store_place >= STORE_PLACE_COUNT || !place_ok(&kept->store_part))
		return "the place of what is kept";
	if (!slot_ok(kept->slot))
		return "the slot of what is kept";
	if (!text_ends(kept->version, sizeof(kept->version)))
		return "the version of what is kept";
	return wrong_volumes(&all);
}

static const char *wrong_installed(const struct record *rec)
{
	if (rec->installed_count > RECORD_VOLUMES_MAX)
		return "the number of volumes installed";
	for (unsigned i = 0; i < rec->installed_count; i++) {
		const struct record_installed *is = &rec->installed[i];

		if (!text_ends(is->name, sizeof(is->name)) || !text_is_name(is->name))
			return "the name of a volume installed";
		for (unsigned k = 0; k < i; k++)
			if (strcmp(rec->installed[k].name, is->name) == 0)
				return "a volume installed twice";
		if (!place_ok(&is->place) || !text_ends(is->version, sizeof(is->version)))
			return "the place or version of a volume installed";
		if (is->image_bytes == 0 || is->image_bytes / SECTOR_BYTES > SECTORS_MAX)
			return "the length of an image installed";
	}
	return NULL;
}

static const char *wrong_result(const struct record_result *result)
{
	if ((unsigned)result->result >= RESULT_COUNT)
		return "a result";
	if (!text_ends(result->version_from, sizeof(result->version_from)) ||
	    !text_ends(result->version_to, sizeof(result->version_to)))
		return "a result's version";
	return text_ends(result->reason, sizeof(result->reason)) ? NULL : "a result's reason";
}

static const char *wrong_results(const struct record *rec)
{
	const char *wrong = wrong_result(&rec->last);

	if (rec->earlier_count > RECORD_EARLIER_MAX)
		return "the number of results";
	for (unsigned i = 0; !wrong && i < rec->earlier_count; i++) {
		wrong = wrong_result(&rec->earlier[i]);
		if (rec->earlier[i].result == RESULT_NONE)
			return "a result that is none";
	}
	return !wrong && rec->more_count > RECORD_MORE_MAX ? "the number of what more is known" : wrong;
}

static const char *wrong_releases(const struct record *rec)
{
	return rec->releases.newest_day > DAY_LAST ? "the day of the newest release" : NULL;
}

static const char *wrong_recovery(const struct record *rec)
{
	const struct record_recovery *r = &rec->recovery;
	unsigned count = 0;

	while (count < RECORD_VOLUMES_MAX && r->partial[count][0])
		count++;
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

/*
 * What is kept in a tail needs a generation with one: otherwise it would be lost, and another record
 * read back.
 */
static const char *wrong_generation(const struct record *rec)
{
	if (rec->generation > INT64_MAX)
		return "the generation";
	return !record_has_tail(rec->generation) && record_needs_tail(rec) ? "the generation, without a tail," :
								 NULL;
}

static const char *wrong_head(const struct record *rec)
{
	if ((unsigned)rec->phase >= PHASE_COUNT)
		return "the phase";
	if (rec->tries_total > RECORD_TRIES_MAX || rec->tries_left > rec->tries_total)
		return "the tries";
	if (!slot_ok(rec->slot) || !slot_ok(rec->slot_old))
		return "a slot";
	if (!text_ends(rec->version_from, sizeof(rec->version_from)) ||
	    !text_ends(rec->version_to, sizeof(rec->version_to)))
		return "a version";
	return text_ends(rec->refused, sizeof(rec->refused)) ? NULL : "the reason of a refusal";
}

const char *record_wrong(const struct record *rec)
{
	static const char *(*const wrongs[])(const struct record *) = {
		wrong_head, wrong_results, wrong_recovery, wrong_update, wrong_installed,
		wrong_releases, wrong_generation,
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++)
		if (wrongs[i](rec))
			return wrongs[i](rec);
	return wrong_kept(&rec->kept);
}

bool record_ok(const struct record *rec)
{
	return record_wrong(rec) == NULL;
}
