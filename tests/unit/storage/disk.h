/* SPDX-License-Identifier: MIT */
/* A disk image with a GPT, made here from the UEFI specification, for the tests that read one. */
#ifndef TEST_STORAGE_DISK_H
#define TEST_STORAGE_DISK_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define DISK_ENTRIES 128u

struct disk {
	uint8_t *bytes;
	uint64_t size_bytes;
	uint32_t block_bytes;
};

/* CRC-32 bit by bit, so that it shares nothing with the code under test. */
static inline uint32_t disk_crc(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;

	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static inline uint64_t disk_entry_blocks(const struct disk *disk)
{
	return DISK_ENTRIES * 128 / disk->block_bytes;
}

static inline uint64_t disk_last_block(const struct disk *disk)
{
	return disk->size_bytes / disk->block_bytes - 1;
}

/* Makes the checksums of one copy right; its header is at block lba. */
static inline void disk_seal(struct disk *disk, uint64_t lba)
{
	uint8_t *header = disk->bytes + lba * disk->block_bytes;
	uint8_t *entries = disk->bytes + get_le64(header + 72) * disk->block_bytes;

	put_le32(header + 88, disk_crc(entries, DISK_ENTRIES * 128));
	put_le32(header + 16, 0);
	put_le32(header + 16, disk_crc(header, get_le32(header + 12)));
}

static inline void disk_copy(struct disk *disk, uint64_t lba, uint64_t entries_lba,
			     uint64_t other_lba)
{
	uint8_t *header = disk->bytes + lba * disk->block_bytes;
	uint8_t *entries = disk->bytes + entries_lba * disk->block_bytes;

	memcpy(header, "EFI PART\0\0\1", 12);
	put_le32(header + 12, 92);
	put_le64(header + 24, lba);
	put_le64(header + 32, other_lba);
	put_le64(header + 40, 8 + disk_entry_blocks(disk));
	put_le64(header + 48, disk_last_block(disk) - 1 - disk_entry_blocks(disk));
	put_le64(header + 72, entries_lba);
	put_le32(header + 80, DISK_ENTRIES);
	put_le32(header + 84, 128);
	/* Partitions 1 to 3 of one block each, of a type that is not zero, named p1 to p3. */
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t *entry = entries + i * 128;

		memset(entry, 0x11, 16);
		for (uint8_t j = 0; j < 16; j++)
			entry[16 + j] = (uint8_t)(i * 16 + j);
		put_le64(entry + 32, 8 + disk_entry_blocks(disk) + i);
		put_le64(entry + 40, 8 + disk_entry_blocks(disk) + i);
		entry[56] = 'p';
		entry[58] = (uint8_t)('1' + i);
	}
	disk_seal(disk, lba);
}

/* Partition 3's PARTUUID on such a disk, as blkid prints it. */
#define DISK_UUID_3 "23222120-2524-2726-2829-2a2b2c2d2e2f"

static inline struct disk disk_gpt(uint32_t block_bytes)
{
	struct disk disk = { .size_bytes = 256 * 1024, .block_bytes = block_bytes };
	uint64_t last = disk.size_bytes / block_bytes - 1;

	disk.bytes = calloc(1, disk.size_bytes);
	if (!disk.bytes)
		abort();
	disk.bytes[510] = 0x55;
	disk.bytes[511] = 0xaa;
	disk.bytes[0x1be + 4] = 0xee;
	disk_copy(&disk, 1, 2, last);
	disk_copy(&disk, last, last - disk_entry_blocks(&disk), 1);
	return disk;
}

static inline void disk_free(struct disk *disk)
{
	free(disk->bytes);
	disk->bytes = NULL;
}

#endif
