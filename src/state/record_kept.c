/* SPDX-License-Identifier: MIT */
/*
 * What lies on the volumes, and the stores that lead back to the system before it.  Pure.  Must never let
 * what is known of one place count for another (I13).
 */
#include <string.h>

#include "base/text.h"
#include "state/record.h"

void record_lies_not(struct record *rec, const char *volume)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < rec->installed_count; i++)
		if (strcmp(rec->installed[i].name, volume) != 0)
			rec->installed[kept++] = rec->installed[i];
	rec->installed_count = kept;
}

/* A name that the board has had, and has no more, makes room. */
void record_lies_now(struct record *rec, const struct record_installed *is)
{
	record_lies_not(rec, is->name);
	if (rec->installed_count == RECORD_VOLUMES_MAX)
		record_lies_not(rec, rec->installed[0].name);
	rec->installed[rec->installed_count++] = *is;
}

const struct record_installed *record_lies(const struct record *rec, const char *volume,
					   const struct place *place)
{
	for (unsigned i = 0; i < rec->installed_count; i++)
		if (strcmp(rec->installed[i].name, volume) == 0)
			return place_same(&rec->installed[i].place, place) ? &rec->installed[i] :
									     NULL;
	return NULL;
}

bool record_is_way_back(const struct record *rec)
{
	return rec->kept.volume_count && rec->volume_count &&
	       !memcmp(rec->kept.update_id, rec->update_id, sizeof(rec->update_id));
}

void record_drop_kept(struct record *rec)
{
	memset(&rec->kept, 0, offsetof(struct record_kept, extent));
}

void record_take_kept(struct record *rec, const char *version_from)
{
	const struct record_kept *kept = &rec->kept;
	char from[RECORD_VERSION_MAX] = "";

	(void)text_copy(from, sizeof(from), version_from);	/* it may lie in what is cleared */
	record_clear(rec);
	rec->phase = PHASE_STAGING;
	rec->slot = kept->slot;
	memcpy(rec->update_id, kept->update_id, sizeof(rec->update_id));
	memcpy(rec->version_from, from, sizeof(rec->version_from));
	memcpy(rec->version_to, kept->version, sizeof(rec->version_to));
	rec->store_place = kept->store_place;
	rec->store_part = kept->store_part;
	rec->store_dir_inode = kept->store_dir_inode;
	rec->volume_count = kept->volume_count;
	memcpy(rec->volume, kept->volume, sizeof(rec->volume));
	rec->extent_count = kept->extent_count;
	memcpy(rec->extent, kept->extent, kept->extent_count * sizeof(rec->extent[0]));
}

void record_note_merged(struct record *rec)
{
	for (unsigned v = 0; v < rec->volume_count; v++) {
		const struct record_volume *vol = &rec->volume[v];
		struct record_installed is = { .place = vol->origin, .image_bytes = vol->image_bytes };

		memcpy(is.name, vol->name, sizeof(is.name));
		memcpy(is.digest, vol->new_digest, sizeof(is.digest));
		memcpy(is.version, rec->version_to, sizeof(is.version));
		record_lies_now(rec, &is);
	}
}
