/* SPDX-License-Identifier: MIT */
/*
 * The record's head as bytes, which are those of version 1.  Pure: no device, no clock.  Must never use
 * a count before it is in its bounds.  Byte table: docs/formats.md.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "state/record_crc.h"
#include "state/record_parts.h"

static const uint8_t magic[8] = { 'C', 'O', 'W', 'B', 'O', 'O', 'T', '\n' };

/* The frame, bytes 0 to 31, is the same in every format version; so later ones are known as such. */
enum {
	AT_MAGIC = 0,
	AT_FORMAT = 8,
	AT_LENGTH = 12,
	AT_GENERATION = 24,
	AT_PHASE = 32,
	AT_TRIES_LEFT = 36,
	AT_TRIES_TOTAL = 40,
	AT_SLOT = 44,
	AT_SLOT_OLD = 45,
	AT_UPDATE_ID = 48,
	AT_VERSION_FROM = 64,
	AT_VERSION_TO = 128,
	AT_REFUSED = 192,
	AT_STORE_PLACE = 352,
	AT_VOLUME_COUNT = 356,
	AT_STORE_PART_START = 360,
	AT_EXTENT_COUNT = 368,
	AT_RESULT = 372,
	AT_RESULT_WHEN = 376,
	AT_RESULT_FROM = 384,
	AT_RESULT_TO = 448,
	AT_RESULT_REASON = 512,
	AT_IDLE_BOOTS = 736,
	AT_REBOOTS = 740,
	AT_ASKED = 744,
	AT_PARTIAL = 768,
	PARTIAL_BYTES = 32,
	AT_VOLUMES = 1024,
	AT_EXTENTS = AT_VOLUMES + RECORD_VOLUMES_MAX * RECORD_VOLUME_BYTES,
};

/* Within a volume. */
enum {
	VOL_NAME = 0,
	VOL_SECTORS = 32,
	VOL_IMAGE_BYTES = 40,
	VOL_STORE_SECTORS = 48,
	VOL_EXCEPTIONS = 56,
	VOL_CHUNK_SECTORS = 64,
	VOL_EXTENT_FIRST = 68,
	VOL_EXTENT_COUNT = 72,
	VOL_DIGEST = 80,
};

_Static_assert(sizeof(((struct record *)0)->recovery.partial) == RECORD_VOLUMES_MAX * PARTIAL_BYTES &&
		       AT_PARTIAL + RECORD_VOLUMES_MAX * PARTIAL_BYTES <= AT_VOLUMES,
	       "the names of partial volumes fit");
_Static_assert(AT_EXTENTS < RECORD_BLOCK_BYTES, "an idle record is one block");
_Static_assert(AT_EXTENTS + RECORD_EXTENTS_MAX * RECORD_EXTENT_BYTES + RECORD_BLOCK_BYTES +
		       RECORD_TAIL_BYTES_MAX <= RECORD_BYTES_MAX,
	       "the longest record fits in one copy");

/* What follows the zero byte of a text in memory means nothing, and is not written. */
void record_put_text(uint8_t *buf, const char *text, size_t size_bytes)
{
	memcpy(buf, text, strnlen(text, size_bytes));
}

void record_put_volume(uint8_t *buf, const struct record_volume *vol)
{
	record_put_text(buf + VOL_NAME, vol->name, sizeof(vol->name));
	put_le64(buf + VOL_SECTORS, vol->volume_sectors);
	put_le64(buf + VOL_IMAGE_BYTES, vol->image_bytes);
	put_le64(buf + VOL_STORE_SECTORS, vol->store_sectors);
	put_le64(buf + VOL_EXCEPTIONS, vol->exceptions);
	put_le32(buf + VOL_CHUNK_SECTORS, vol->chunk_sectors);
	put_le32(buf + VOL_EXTENT_FIRST, vol->extent_first);
	put_le32(buf + VOL_EXTENT_COUNT, vol->extent_count);
	memcpy(buf + VOL_DIGEST, vol->new_digest, sizeof(vol->new_digest));
}

void record_put_extents(uint8_t *buf, const struct extent *extent, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++, buf += RECORD_EXTENT_BYTES) {
		put_le64(buf, extent[i].start_sectors);
		put_le64(buf + 8, extent[i].size_sectors);
	}
}

static void put_fields(uint8_t *buf, const struct record *rec)
{
	const struct record_result *last = &rec->last;

	put_le64(buf + AT_GENERATION, rec->generation);
	put_le32(buf + AT_PHASE, rec->phase);
	put_le32(buf + AT_TRIES_LEFT, rec->tries_left);
	put_le32(buf + AT_TRIES_TOTAL, rec->tries_total);
	buf[AT_SLOT] = (uint8_t)rec->slot;
	buf[AT_SLOT_OLD] = (uint8_t)rec->slot_old;
	memcpy(buf + AT_UPDATE_ID, rec->update_id, sizeof(rec->update_id));
	record_put_text(buf + AT_VERSION_FROM, rec->version_from, sizeof(rec->version_from));
	record_put_text(buf + AT_VERSION_TO, rec->version_to, sizeof(rec->version_to));
	record_put_text(buf + AT_REFUSED, rec->refused, sizeof(rec->refused));
	put_le32(buf + AT_STORE_PLACE, rec->store_place);
	put_le32(buf + AT_VOLUME_COUNT, rec->volume_count);
	put_le64(buf + AT_STORE_PART_START, rec->store_part.start_sectors);
	put_le32(buf + AT_EXTENT_COUNT, rec->extent_count);
	put_le32(buf + AT_RESULT, last->result);
	put_le64(buf + AT_RESULT_WHEN, last->when_s);
	record_put_text(buf + AT_RESULT_FROM, last->version_from, sizeof(last->version_from));
	record_put_text(buf + AT_RESULT_TO, last->version_to, sizeof(last->version_to));
	record_put_text(buf + AT_RESULT_REASON, last->reason, sizeof(last->reason));
	put_le32(buf + AT_IDLE_BOOTS, rec->recovery.idle_boots);
	put_le32(buf + AT_REBOOTS, rec->recovery.reboots);
	buf[AT_ASKED] = rec->recovery.asked;
	for (unsigned i = 0; i < RECORD_VOLUMES_MAX; i++)
		record_put_text(buf + AT_PARTIAL + i * PARTIAL_BYTES, rec->recovery.partial[i],
			 PARTIAL_BYTES);
	for (unsigned v = 0; v < rec->volume_count; v++)
		record_put_volume(buf + AT_VOLUMES + v * RECORD_VOLUME_BYTES, &rec->volume[v]);
	record_put_extents(buf + AT_EXTENTS, rec->extent, rec->extent_count);
}

/* As short as the extents allow. */
static size_t encoded_bytes(uint32_t extent_count)
{
	const size_t bytes = AT_EXTENTS + (size_t)extent_count * RECORD_EXTENT_BYTES;

	return (bytes + RECORD_BLOCK_BYTES - 1) / RECORD_BLOCK_BYTES * RECORD_BLOCK_BYTES;
}

size_t record_head_put(uint8_t *buf, const struct record *rec, uint32_t format)
{
	const size_t len_bytes = encoded_bytes(rec->extent_count);

	memset(buf, 0, len_bytes);
	memcpy(buf + AT_MAGIC, magic, sizeof(magic));
	put_le32(buf + AT_FORMAT, format);
	put_le32(buf + AT_LENGTH, (uint32_t)len_bytes);
	put_fields(buf, rec);
	put_le32(buf + RECORD_AT_CRC, record_crc(buf, len_bytes));
	return len_bytes;
}

uint32_t record_head_format(const uint8_t *buf)
{
	return get_le32(buf + AT_FORMAT);
}

uint64_t record_generation(const uint8_t block[RECORD_BLOCK_BYTES])
{
	return get_le64(block + AT_GENERATION);
}

size_t record_length(const uint8_t block[RECORD_BLOCK_BYTES])
{
	const uint32_t len_bytes = get_le32(block + AT_LENGTH);

	if (memcmp(block + AT_MAGIC, magic, sizeof(magic)) != 0)
		return 0;
	if (len_bytes == 0 || len_bytes > RECORD_BYTES_MAX || len_bytes % RECORD_BLOCK_BYTES != 0)
		return 0;
	return len_bytes;
}

void record_get_volume(const uint8_t *buf, struct record_volume *vol)
{
	memcpy(vol->name, buf + VOL_NAME, sizeof(vol->name));
	vol->volume_sectors = get_le64(buf + VOL_SECTORS);
	vol->image_bytes = get_le64(buf + VOL_IMAGE_BYTES);
	vol->store_sectors = get_le64(buf + VOL_STORE_SECTORS);
	vol->exceptions = get_le64(buf + VOL_EXCEPTIONS);
	vol->chunk_sectors = get_le32(buf + VOL_CHUNK_SECTORS);
	vol->extent_first = get_le32(buf + VOL_EXTENT_FIRST);
	vol->extent_count = get_le32(buf + VOL_EXTENT_COUNT);
	memcpy(vol->new_digest, buf + VOL_DIGEST, sizeof(vol->new_digest));
}

void record_get_extents(const uint8_t *buf, struct extent *extent, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++, buf += RECORD_EXTENT_BYTES) {
		extent[i].start_sectors = get_le64(buf);
		extent[i].size_sectors = get_le64(buf + 8);
	}
}

/* The counts are in their bounds already; nothing else is. */
static void get_fields(const uint8_t *buf, struct record *rec)
{
	struct record_result *last = &rec->last;

	rec->generation = get_le64(buf + AT_GENERATION);
	rec->phase = (enum phase)get_le32(buf + AT_PHASE);
	rec->tries_left = get_le32(buf + AT_TRIES_LEFT);
	rec->tries_total = get_le32(buf + AT_TRIES_TOTAL);
	rec->slot = (char)buf[AT_SLOT];
	rec->slot_old = (char)buf[AT_SLOT_OLD];
	memcpy(rec->update_id, buf + AT_UPDATE_ID, sizeof(rec->update_id));
	memcpy(rec->version_from, buf + AT_VERSION_FROM, sizeof(rec->version_from));
	memcpy(rec->version_to, buf + AT_VERSION_TO, sizeof(rec->version_to));
	memcpy(rec->refused, buf + AT_REFUSED, sizeof(rec->refused));
	rec->store_place = (enum store_place)get_le32(buf + AT_STORE_PLACE);
	rec->volume_count = get_le32(buf + AT_VOLUME_COUNT);
	rec->store_part.start_sectors = get_le64(buf + AT_STORE_PART_START);
	rec->extent_count = get_le32(buf + AT_EXTENT_COUNT);
	last->result = (enum result)get_le32(buf + AT_RESULT);
	last->when_s = get_le64(buf + AT_RESULT_WHEN);
	memcpy(last->version_from, buf + AT_RESULT_FROM, sizeof(last->version_from));
	memcpy(last->version_to, buf + AT_RESULT_TO, sizeof(last->version_to));
	memcpy(last->reason, buf + AT_RESULT_REASON, sizeof(last->reason));
	rec->recovery.idle_boots = get_le32(buf + AT_IDLE_BOOTS);
	rec->recovery.reboots = get_le32(buf + AT_REBOOTS);
	rec->recovery.asked = buf[AT_ASKED] != 0;
	memcpy(rec->recovery.partial, buf + AT_PARTIAL, sizeof(rec->recovery.partial));
	for (unsigned v = 0; v < rec->volume_count; v++)
		record_get_volume(buf + AT_VOLUMES + v * RECORD_VOLUME_BYTES, &rec->volume[v]);
	record_get_extents(buf + AT_EXTENTS, rec->extent, rec->extent_count);
}

int record_head_check(const uint8_t *buf, size_t len_bytes, size_t *ret_own_bytes)
{
	size_t own_bytes;

	if (len_bytes < RECORD_BLOCK_BYTES)
		return -EBADMSG;
	own_bytes = record_length(buf);
	if (own_bytes == 0 || own_bytes > len_bytes ||
	    record_crc_of(buf) != record_crc(buf, own_bytes))
		return -EBADMSG;
	*ret_own_bytes = own_bytes;
	return get_le32(buf + AT_FORMAT) > RECORD_FORMAT ? -ENOTSUP : 0;
}

int record_head_get(const uint8_t *buf, struct record *rec)
{
	if (get_le32(buf + AT_VOLUME_COUNT) > RECORD_VOLUMES_MAX ||
	    get_le32(buf + AT_EXTENT_COUNT) > RECORD_EXTENTS_MAX ||
	    record_length(buf) != encoded_bytes(get_le32(buf + AT_EXTENT_COUNT)))
		return -EBADMSG;
	record_blank(rec);
	get_fields(buf, rec);
	return 0;
}
