/* SPDX-License-Identifier: MIT */
/*
 * GPT and MBR, just far enough for names and places.  Must never believe a table whose checksums do
 * not agree, nor read where a damaged one points, nor take a GPT that an MBR has replaced for one.
 */
#include "storage/gpt.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define MBR_BYTES 512
#define MBR_DISK_SIGNATURE 0x1b8
#define MBR_ENTRIES 0x1be
#define MBR_ENTRY_BYTES 16
#define MBR_TYPE 4
#define MBR_TYPE_GPT 0xee

#define HEADER_MIN_BYTES 92
#define HEADER_DISK_GUID 56
#define HEADER_MAX_BYTES 512
#define ENTRY_BYTES 128		/* the kernel takes no other (block/partitions/efi.c) */
#define ENTRIES_MAX 1024
#define ENTRY_GUID 16
#define ENTRY_FIRST 32
#define ENTRY_LAST 40
#define ENTRY_LABEL 56

#define HEAD_BYTES 4096		/* of a disk: where a file system on all of it would show */

static int read_at(const struct gpt_disk *disk, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	if (offset_bytes > disk->size_bytes || len_bytes > disk->size_bytes - offset_bytes)
		return -EBADMSG;
	return disk->read(disk->ctx, offset_bytes, buf, len_bytes);
}

struct header {
	uint64_t entries_bytes;		/* offset on the disk */
	uint32_t count;
	uint32_t entries_crc;
	uint8_t disk_guid[PLACE_UUID_BYTES];
};

/* raw is changed: the checksum is made over a zeroed one. */
static int header_decode(uint8_t raw[HEADER_MAX_BYTES], uint64_t lba, uint32_t block_bytes,
			 struct header *ret_header)
{
	uint32_t len = get_le32(raw + 12), crc = get_le32(raw + 16);
	uint64_t entries_lba = get_le64(raw + 72);

	if (memcmp(raw, "EFI PART", 8) != 0 || len < HEADER_MIN_BYTES || len > HEADER_MAX_BYTES)
		return -EBADMSG;
	put_le32(raw + 16, 0);
	if (crc32_of(raw, len) != crc || get_le64(raw + 24) != lba)
		return -EBADMSG;
	if (get_le32(raw + 84) != ENTRY_BYTES || get_le32(raw + 80) > ENTRIES_MAX)
		return -EBADMSG;
	if (entries_lba > UINT64_MAX / block_bytes)
		return -EBADMSG;
	*ret_header = (struct header){
		.entries_bytes = entries_lba * block_bytes,
		.count = get_le32(raw + 80),
		.entries_crc = get_le32(raw + 88),
	};
	memcpy(ret_header->disk_guid, raw + HEADER_DISK_GUID, sizeof(ret_header->disk_guid));
	return 0;
}

static void guid_print(char *text, const uint8_t *g)
{
	/* The first three fields are little-endian numbers, the rest bytes. */
	(void)snprintf(text, PARTUUID_TEXT_MAX,
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		       g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11],
		       g[12], g[13], g[14], g[15]);
}

/* Reads all entries, since the checksum covers all, and keeps the one. */
static int entry_read(const struct gpt_disk *disk, const struct header *header, unsigned number,
		      uint8_t ret_entry[ENTRY_BYTES])
{
	uint8_t entry[ENTRY_BYTES], kept[ENTRY_BYTES] = { 0 };
	uint32_t crc = 0;

	for (uint32_t i = 0; i < header->count; i++) {
		uint64_t at_bytes = (uint64_t)i * ENTRY_BYTES;
		int rc;

		if (header->entries_bytes > UINT64_MAX - at_bytes)
			return -EBADMSG;
		rc = read_at(disk, header->entries_bytes + at_bytes, entry, sizeof(entry));
		if (rc)
			return rc;
		crc = crc32_add(crc, entry, sizeof(entry));
		if (i + 1 == number)
			memcpy(kept, entry, sizeof(kept));
	}
	if (crc != header->entries_crc)
		return -EBADMSG;
	memcpy(ret_entry, kept, sizeof(kept));
	return 0;
}

static int copy_header(const struct gpt_disk *disk, uint64_t lba, struct header *ret_header)
{
	uint8_t raw[HEADER_MAX_BYTES];
	int rc;

	if (lba > UINT64_MAX / disk->logical_block_bytes)
		return -EBADMSG;
	rc = read_at(disk, lba * disk->logical_block_bytes, raw, sizeof(raw));
	return rc ? rc : header_decode(raw, lba, disk->logical_block_bytes, ret_header);
}

/* As the kernel shows it in PARTNAME: the low byte of each, and '!' for what cannot be shown. */
static void label_print(char text[GPT_LABEL_MAX], const uint8_t *units)
{
	unsigned i;

	for (i = 0; i < GPT_LABEL_MAX - 1 && units[2 * i]; i++)
		text[i] = isprint(units[2 * i]) ? (char)units[2 * i] : '!';
	text[i] = '\0';
}

static int entry_decode(const struct gpt_disk *disk, const uint8_t raw[ENTRY_BYTES],
			struct gpt_entry *ret_entry)
{
	const uint64_t blocks = disk->size_bytes / disk->logical_block_bytes;
	const uint64_t first = get_le64(raw + ENTRY_FIRST), last = get_le64(raw + ENTRY_LAST);

	if (bytes_are_zero(raw, ENTRY_GUID))
		return -ENOENT;
	if (!first || last < first || last >= blocks)
		return -EBADMSG;
	guid_print(ret_entry->uuid, raw + ENTRY_GUID);
	memcpy(ret_entry->part_uuid, raw + ENTRY_GUID, sizeof(ret_entry->part_uuid));
	label_print(ret_entry->label, raw + ENTRY_LABEL);
	ret_entry->start_bytes = first * disk->logical_block_bytes;
	ret_entry->size_bytes = (last - first + 1) * disk->logical_block_bytes;
	return 0;
}

/* From one copy of the table, with its header at block lba. */
static int copy_entry(const struct gpt_disk *disk, uint64_t lba, unsigned number,
		      struct gpt_entry *ret_entry)
{
	uint8_t raw[ENTRY_BYTES];
	struct header header;
	int rc = copy_header(disk, lba, &header);

	if (!rc)
		rc = entry_read(disk, &header, number, raw);
	if (rc)
		return rc;
	memcpy(ret_entry->disk_id, header.disk_guid, sizeof(ret_entry->disk_id));
	return number > header.count ? -ENOENT : entry_decode(disk, raw, ret_entry);
}

static bool copy_is_good(const struct gpt_disk *disk, uint64_t lba)
{
	uint8_t raw[ENTRY_BYTES];
	struct header header;

	return copy_header(disk, lba, &header) == 0 && entry_read(disk, &header, 1, raw) == 0;
}

static uint64_t last_block(const struct gpt_disk *disk)
{
	return disk->size_bytes / disk->logical_block_bytes - 1;
}

static bool mbr_protects_gpt(const uint8_t mbr[MBR_BYTES])
{
	for (int i = 0; i < 4; i++)
		if (mbr[MBR_ENTRIES + i * MBR_ENTRY_BYTES + MBR_TYPE] == MBR_TYPE_GPT)
			return true;
	return false;
}

enum front { FRONT_GPT, FRONT_MBR, FRONT_UNREADABLE, FRONT_ZERO, FRONT_OTHER };

static bool head_is_zero(const struct gpt_disk *disk)
{
	uint8_t more[SECTOR_BYTES];

	for (uint64_t at = MBR_BYTES; at < HEAD_BYTES; at += sizeof(more))
		if (read_at(disk, at, more, sizeof(more)) || !bytes_are_zero(more, sizeof(more)))
			return false;
	return true;
}

/*
 * What stands where a table begins.  A sector that cannot be read is damaged, and says nothing against
 * a GPT.  Zeros: somebody has wiped it, and made nothing there since.
 */
static enum front look_at_front(const struct gpt_disk *disk, uint8_t mbr[MBR_BYTES])
{
	if (read_at(disk, 0, mbr, MBR_BYTES))
		return FRONT_UNREADABLE;
	if (mbr[510] == 0x55 && mbr[511] == 0xaa)
		return mbr_protects_gpt(mbr) ? FRONT_GPT : FRONT_MBR;
	if (bytes_are_zero(mbr, MBR_BYTES) && (copy_is_good(disk, 1) || head_is_zero(disk)))
		return FRONT_ZERO;
	return FRONT_OTHER;
}

enum gpt_copies gpt_look(const struct gpt_disk *disk)
{
	uint8_t mbr[MBR_BYTES];
	enum front front;
	bool first, second;

	if (disk->logical_block_bytes < SECTOR_BYTES ||
	    disk->size_bytes < 4ull * disk->logical_block_bytes)
		return GPT_NONE;
	front = look_at_front(disk, mbr);
	if (front == FRONT_MBR || front == FRONT_OTHER)
		return GPT_NONE;
	first = copy_is_good(disk, 1);
	second = copy_is_good(disk, last_block(disk));
	if (first && front != FRONT_GPT)
		return front == FRONT_ZERO ? GPT_UNSEEN : GPT_UNREADABLE;
	if (first)
		return second ? GPT_BOTH : GPT_FIRST;
	if (second)
		return GPT_SECOND;
	return front == FRONT_ZERO ? GPT_NONE : GPT_LOST;
}

static void mbr_entry(uint32_t signature, unsigned number, struct gpt_entry *ret_entry)
{
	(void)snprintf(ret_entry->uuid, sizeof(ret_entry->uuid), "%08" PRIx32 "-%02x", signature,
		       number);
	place_mbr_uuid(ret_entry->part_uuid, signature, number);
	place_mbr_uuid(ret_entry->disk_id, signature, 0);
}

int gpt_entry(const struct gpt_disk *disk, unsigned number, struct gpt_entry *ret_entry)
{
	struct gpt_entry entry = { .label = "" };
	uint8_t mbr[MBR_BYTES];
	enum front front;
	int rc;

	if (disk->logical_block_bytes < SECTOR_BYTES || number < 1)
		return -EINVAL;
	front = look_at_front(disk, mbr);
	if (front == FRONT_OTHER)
		return -EBADMSG;
	if (front == FRONT_MBR) {
		mbr_entry(get_le32(mbr + MBR_DISK_SIGNATURE), number, &entry);
		*ret_entry = entry;
		return 0;
	}
	rc = copy_entry(disk, 1, number, &entry);
	if (rc && rc != -ENOENT && disk->size_bytes / disk->logical_block_bytes > 1)
		rc = copy_entry(disk, last_block(disk), number, &entry);
	if (!rc)
		*ret_entry = entry;
	return rc;
}
