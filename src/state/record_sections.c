/* SPDX-License-Identifier: MIT */
/*
 * The sections of the record's tail that this program knows, as bytes: docs/formats.md.  Pure.  Must
 * never read beyond the length that a section says, nor use a count before it is in its bounds.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "state/record_parts.h"

enum {
	PLACE_BYTES = 64,
	PLACE_DISK = 16, PLACE_START = 32, PLACE_SIZE = 40,

	PLACES_INODE = 64,
	PLACES_ORIGINS = 128,

	KNOWS_BYTES = 16,

	INSTALLED_BYTES = 256,
	INSTALLED_PLACE = 32,
	INSTALLED_IMAGE_BYTES = 96,
	INSTALLED_DIGEST = 104,
	INSTALLED_ROOT_HASH = 136,
	INSTALLED_VERSION = 168,

	PROOF_BYTES = 32,
	PROOF_FAILED = 16, PROOF_DIFFERS = 20,

	KEPT_VERSION = 16,
	KEPT_STORE_PLACE = 80,
	KEPT_VOLUMES = 84, KEPT_EXTENTS = 88,
	KEPT_STORE_PART = 96,
	KEPT_INODE = 160, KEPT_WHEN = 168, KEPT_SLOT = 176,
	KEPT_LISTS = 192,
	KEPT_VOLUME_BYTES = RECORD_VOLUME_BYTES + PLACE_BYTES,
};

#define SECTION_MAX(bytes) (RECORD_SECTION_HEAD_BYTES + (bytes))
_Static_assert(RECORD_TAIL_HEAD_BYTES + SECTION_MAX(PLACES_ORIGINS + RECORD_VOLUMES_MAX * PLACE_BYTES) +
		       SECTION_MAX(RECORD_EARLIER_MAX * RECORD_RESULT_BYTES) +
		       SECTION_MAX(RECORD_INITS * KNOWS_BYTES) +
		       SECTION_MAX(RECORD_VOLUMES_MAX * INSTALLED_BYTES) +
		       SECTION_MAX(KEPT_LISTS + RECORD_VOLUMES_MAX * KEPT_VOLUME_BYTES +
				   RECORD_KEPT_EXTENTS_MAX * RECORD_EXTENT_BYTES) +
		       SECTION_MAX(PROOF_BYTES) +
		       SECTION_MAX((1 + RECORD_MORE_MAX) * RECORD_MORE_BYTES) +
		       SECTION_MAX(RECORD_RELEASES_BYTES) + RECORD_OTHER_BYTES_MAX <= RECORD_TAIL_BYTES_MAX,
	       "the longest tail fits");

static void put_place(uint8_t *buf, const struct place *place)
{
	memcpy(buf, place->part_uuid, sizeof(place->part_uuid));
	memcpy(buf + PLACE_DISK, place->disk_id, sizeof(place->disk_id));
	put_le64(buf + PLACE_START, place->start_sectors);
	put_le64(buf + PLACE_SIZE, place->size_sectors);
}

static void get_place(const uint8_t *buf, struct place *place)
{
	memcpy(place->part_uuid, buf, sizeof(place->part_uuid));
	memcpy(place->disk_id, buf + PLACE_DISK, sizeof(place->disk_id));
	place->start_sectors = get_le64(buf + PLACE_START);
	place->size_sectors = get_le64(buf + PLACE_SIZE);
}

/* ---- places: of the stores' partition and folder, and of each origin of the update ---- */

static size_t size_places(const struct record *rec)
{
	struct place part = rec->store_part;
	bool known = rec->store_dir_inode != 0;

	part.start_sectors = 0;		/* the head has that */
	known |= place_is_known(&part);
	for (unsigned v = 0; v < rec->volume_count; v++)
		known |= place_is_known(&rec->volume[v].origin);
	return known ? PLACES_ORIGINS + rec->volume_count * PLACE_BYTES : 0;
}

static void put_places(const struct record *rec, uint8_t *buf)
{
	put_place(buf, &rec->store_part);
	put_le64(buf + PLACES_INODE, rec->store_dir_inode);
	for (unsigned v = 0; v < rec->volume_count; v++)
		put_place(buf + PLACES_ORIGINS + v * PLACE_BYTES, &rec->volume[v].origin);
}

static int get_places(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	if (len_bytes != PLACES_ORIGINS + rec->volume_count * PLACE_BYTES)
		return -EBADMSG;
	get_place(buf, &rec->store_part);
	rec->store_dir_inode = get_le64(buf + PLACES_INODE);
	for (unsigned v = 0; v < rec->volume_count; v++)
		get_place(buf + PLACES_ORIGINS + v * PLACE_BYTES, &rec->volume[v].origin);
	return 0;
}

/* ---- what each init knows ---- */

static size_t size_knows(const struct record *rec)
{
	for (unsigned i = 0; i < RECORD_INITS; i++)
		if (rec->knows[i].format || rec->knows[i].ro_compat || rec->knows[i].incompat)
			return RECORD_INITS * KNOWS_BYTES;
	return 0;
}

static void put_knows(const struct record *rec, uint8_t *buf)
{
	for (unsigned i = 0; i < RECORD_INITS; i++, buf += KNOWS_BYTES) {
		put_le32(buf, rec->knows[i].format);
		put_le32(buf + 4, rec->knows[i].ro_compat);
		put_le32(buf + 8, rec->knows[i].incompat);
	}
}

static int get_knows(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	if (len_bytes != RECORD_INITS * KNOWS_BYTES)
		return -EBADMSG;
	for (unsigned i = 0; i < RECORD_INITS; i++, buf += KNOWS_BYTES)
		rec->knows[i] = (struct record_knows){ get_le32(buf), get_le32(buf + 4),
						       get_le32(buf + 8) };
	return 0;
}

/* ---- what is installed ---- */
static size_t size_installed(const struct record *rec)
{
	return rec->installed_count * INSTALLED_BYTES;
}

static void put_installed(const struct record *rec, uint8_t *buf)
{
	for (unsigned i = 0; i < rec->installed_count; i++, buf += INSTALLED_BYTES) {
		const struct record_installed *is = &rec->installed[i];

		record_put_text(buf, is->name, sizeof(is->name));
		put_place(buf + INSTALLED_PLACE, &is->place);
		put_le64(buf + INSTALLED_IMAGE_BYTES, is->image_bytes);
		memcpy(buf + INSTALLED_DIGEST, is->digest, sizeof(is->digest));
		memcpy(buf + INSTALLED_ROOT_HASH, is->root_hash, sizeof(is->root_hash));
		record_put_text(buf + INSTALLED_VERSION, is->version, sizeof(is->version));
	}
}

static int get_installed(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	if (len_bytes % INSTALLED_BYTES || len_bytes / INSTALLED_BYTES > RECORD_VOLUMES_MAX)
		return -EBADMSG;
	rec->installed_count = (uint32_t)(len_bytes / INSTALLED_BYTES);
	for (unsigned i = 0; i < rec->installed_count; i++, buf += INSTALLED_BYTES) {
		struct record_installed *is = &rec->installed[i];

		memcpy(is->name, buf, sizeof(is->name));
		get_place(buf + INSTALLED_PLACE, &is->place);
		is->image_bytes = get_le64(buf + INSTALLED_IMAGE_BYTES);
		memcpy(is->digest, buf + INSTALLED_DIGEST, sizeof(is->digest));
		memcpy(is->root_hash, buf + INSTALLED_ROOT_HASH, sizeof(is->root_hash));
		memcpy(is->version, buf + INSTALLED_VERSION, sizeof(is->version));
	}
	return 0;
}

/* ---- the kept stores ---- */

static size_t kept_bytes(uint32_t volumes, uint32_t extents)
{
	return KEPT_LISTS + volumes * KEPT_VOLUME_BYTES + extents * RECORD_EXTENT_BYTES;
}

static size_t size_kept(const struct record *rec)
{
	return rec->kept.volume_count ?
	       kept_bytes(rec->kept.volume_count, rec->kept.extent_count) : 0;
}

static void put_kept(const struct record *rec, uint8_t *buf)
{
	const struct record_kept *kept = &rec->kept;
	uint8_t *at = buf + KEPT_LISTS;

	memcpy(buf, kept->update_id, sizeof(kept->update_id));
	record_put_text(buf + KEPT_VERSION, kept->version, sizeof(kept->version));
	put_le32(buf + KEPT_STORE_PLACE, kept->store_place);
	put_le32(buf + KEPT_VOLUMES, kept->volume_count);
	put_le32(buf + KEPT_EXTENTS, kept->extent_count);
	put_place(buf + KEPT_STORE_PART, &kept->store_part);
	put_le64(buf + KEPT_INODE, kept->store_dir_inode);
	put_le64(buf + KEPT_WHEN, kept->when_s);
	buf[KEPT_SLOT] = (uint8_t)kept->slot;
	for (unsigned v = 0; v < kept->volume_count; v++, at += KEPT_VOLUME_BYTES) {
		record_put_volume(at, &kept->volume[v]);
		put_place(at + RECORD_VOLUME_BYTES, &kept->volume[v].origin);
	}
	record_put_extents(at, kept->extent, kept->extent_count);
}

static int get_kept(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	struct record_kept *kept = &rec->kept;
	const uint8_t *at = buf + KEPT_LISTS;

	if (len_bytes < KEPT_LISTS)
		return -EBADMSG;
	kept->volume_count = get_le32(buf + KEPT_VOLUMES);
	kept->extent_count = get_le32(buf + KEPT_EXTENTS);
	if (kept->volume_count > RECORD_VOLUMES_MAX ||
	    kept->extent_count > RECORD_KEPT_EXTENTS_MAX ||
	    len_bytes != kept_bytes(kept->volume_count, kept->extent_count))
		return -EBADMSG;
	memcpy(kept->update_id, buf, sizeof(kept->update_id));
	memcpy(kept->version, buf + KEPT_VERSION, sizeof(kept->version));
	kept->store_place = (enum store_place)get_le32(buf + KEPT_STORE_PLACE);
	get_place(buf + KEPT_STORE_PART, &kept->store_part);
	kept->store_dir_inode = get_le64(buf + KEPT_INODE);
	kept->when_s = get_le64(buf + KEPT_WHEN);
	kept->slot = (char)buf[KEPT_SLOT];
	for (unsigned v = 0; v < kept->volume_count; v++, at += KEPT_VOLUME_BYTES) {
		record_get_volume(at, &kept->volume[v]);
		get_place(at + RECORD_VOLUME_BYTES, &kept->volume[v].origin);
	}
	record_get_extents(at, kept->extent, kept->extent_count);
	return 0;
}

/* ---- the proofs that failed ---- */
static size_t size_proof(const struct record *rec)
{
	return rec->proof.failed ? PROOF_BYTES : 0;
}

static void put_proof(const struct record *rec, uint8_t *buf)
{
	memcpy(buf, rec->proof.update_id, sizeof(rec->proof.update_id));
	put_le32(buf + PROOF_FAILED, rec->proof.failed);
	put_le32(buf + PROOF_DIFFERS, rec->proof.differs);
}

static int get_proof(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	memcpy(rec->proof.update_id, buf, sizeof(rec->proof.update_id));
	rec->proof.failed = get_le32(buf + PROOF_FAILED);
	rec->proof.differs = get_le32(buf + PROOF_DIFFERS);
	return len_bytes == PROOF_BYTES && rec->proof.failed ? 0 : -EBADMSG;
}

const struct record_section record_sections[SECTION_KINDS] = {
	[SECTION_PLACES] = { size_places, put_places, get_places },
	[SECTION_EARLIER] = { record_earlier_size, record_earlier_put, record_earlier_get },
	[SECTION_KNOWS] = { size_knows, put_knows, get_knows },
	[SECTION_INSTALLED] = { size_installed, put_installed, get_installed },
	[SECTION_KEPT] = { size_kept, put_kept, get_kept },
	[SECTION_PROOF] = { size_proof, put_proof, get_proof },
	[SECTION_MORE] = { record_more_size, record_more_put, record_more_get },
	[SECTION_RELEASES] = { record_releases_size, record_releases_put, record_releases_get },
};
