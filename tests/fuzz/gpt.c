/* SPDX-License-Identifier: MIT */
/*
 * A disk with a GPT or an MBR, behind a byte that says how long its blocks are and whether the GPT's
 * checksums are mended.
 */
#include "fuzz.h"

#include "base/crc32.h"
#include "storage/gpt.h"

#define MEND 2u

static void mend(uint8_t *disk, size_t len_bytes, size_t at)
{
	uint64_t entries, count;
	uint32_t header_bytes;

	if (at + 512 > len_bytes)
		return;
	entries = get_le64(disk + at + 72);
	count = get_le32(disk + at + 80);
	header_bytes = get_le32(disk + at + 12);
	if (entries < len_bytes / 512 && count <= 1024 && entries * 512 + count * 128 <= len_bytes)
		put_le32(disk + at + 88, crc32_of(disk + entries * 512, (size_t)count * 128));
	put_le32(disk + at + 16, 0);
	if (header_bytes <= 512)
		put_le32(disk + at + 16, crc32_of(disk + at, header_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static const unsigned numbers[] = { 0, 1, 2, 3, 4, 128, 1024, 1025 };
	struct fuzz_disk bytes;
	struct gpt_disk disk = { fuzz_read, &bytes, 0, 512 };
	struct gpt_entry entry;
	uint8_t *copy;

	if (len_bytes < 1)
		return 0;
	if (data[0] & 1)
		disk.logical_block_bytes = 4096;
	copy = fuzz_copy(data + 1, len_bytes - 1);
	disk.size_bytes = (len_bytes - 1) / disk.logical_block_bytes * disk.logical_block_bytes;
	bytes = (struct fuzz_disk){ copy, (size_t)disk.size_bytes };
	if ((data[0] & MEND) && disk.logical_block_bytes == 512 && disk.size_bytes >= 1024) {
		mend(copy, bytes.len_bytes, 512);
		mend(copy, bytes.len_bytes, bytes.len_bytes - 512);
	}
	(void)gpt_look(&disk);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (gpt_entry(&disk, numbers[i], &entry))
			continue;
		must(strlen(entry.uuid) && strlen(entry.label) < GPT_LABEL_MAX);
		must(entry.start_bytes <= disk.size_bytes &&
		     entry.size_bytes <= disk.size_bytes - entry.start_bytes);
	}
	free(copy);
	return 0;
}
