/* SPDX-License-Identifier: MIT */
/*
 * GPT and MBR, just far enough for PARTUUID.  Must never believe a table whose checksums do not
 * agree, nor read where a damaged one points.
 */
#include "storage/gpt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define MBR_BYTES 512
#define MBR_DISK_SIGNATURE 0x1b8
#define MBR_ENTRIES 0x1be
#define MBR_ENTRY_BYTES 16
#define MBR_TYPE 4
#define MBR_TYPE_GPT 0xee

#define HEADER_MIN_BYTES 92
#define HEADER_MAX_BYTES 512
#define ENTRY_BYTES 128		/* the kernel takes no other (block/partitions/efi.c) */
#define ENTRIES_MAX 1024
#define ENTRY_GUID 16

/* CRC-32 of the GPT (polynomial 0xedb88320 reflected) by nibbles; not the record's CRC-32C. */
static uint32_t crc32_gpt(uint32_t crc, const uint8_t *p, size_t len_bytes)
{
	static const uint32_t nibble_table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < len_bytes; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble_table[crc & 15];
		crc = crc >> 4 ^ nibble_table[crc & 15];
	}
	return ~crc;
}

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
	if (crc32_gpt(0, raw, len) != crc || get_le64(raw + 24) != lba)
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
		crc = crc32_gpt(crc, entry, sizeof(entry));
		if (i + 1 == number)
			memcpy(kept, entry, sizeof(kept));
	}
	if (crc != header->entries_crc)
		return -EBADMSG;
	memcpy(ret_entry, kept, sizeof(kept));
	return 0;
}

/* One copy of the table, with its header at block lba. */
static int copy_partuuid(const struct gpt_disk *disk, uint64_t lba, unsigned number, char *ret_uuid)
{
	uint8_t raw[HEADER_MAX_BYTES], entry[ENTRY_BYTES];
	struct header header;
	int rc;

	rc = read_at(disk, lba * disk->logical_block_bytes, raw, sizeof(raw));
	if (rc)
		return rc;
	rc = header_decode(raw, lba, disk->logical_block_bytes, &header);
	if (rc)
		return rc;
	rc = entry_read(disk, &header, number, entry);
	if (rc)
		return rc;
	if (number > header.count || bytes_are_zero(entry, ENTRY_GUID))
		return -ENOENT;
	guid_print(ret_uuid, entry + ENTRY_GUID);
	return 0;
}

static bool mbr_protects_gpt(const uint8_t mbr[MBR_BYTES])
{
	for (int i = 0; i < 4; i++)
		if (mbr[MBR_ENTRIES + i * MBR_ENTRY_BYTES + MBR_TYPE] == MBR_TYPE_GPT)
			return true;
	return false;
}

int gpt_partuuid(const struct gpt_disk *disk, unsigned number, char ret_uuid[PARTUUID_TEXT_MAX])
{
	uint8_t mbr[MBR_BYTES];
	uint64_t blocks;
	int rc;

	if (disk->logical_block_bytes < SECTOR_BYTES || number < 1)
		return -EINVAL;
	rc = read_at(disk, 0, mbr, sizeof(mbr));
	if (rc)
		return rc;
	if (mbr[510] != 0x55 || mbr[511] != 0xaa)
		return -EBADMSG;
	if (!mbr_protects_gpt(mbr)) {
		(void)snprintf(ret_uuid, PARTUUID_TEXT_MAX, "%08" PRIx32 "-%02x",
			       get_le32(mbr + MBR_DISK_SIGNATURE), number);
		return 0;
	}
	rc = copy_partuuid(disk, 1, number, ret_uuid);
	blocks = disk->size_bytes / disk->logical_block_bytes;
	if (rc && rc != -ENOENT && blocks > 1)
		rc = copy_partuuid(disk, blocks - 1, number, ret_uuid);
	return rc;
}
