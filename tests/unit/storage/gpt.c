/* SPDX-License-Identifier: MIT */
/* PARTUUIDs from GPT and MBR: good, damaged in each place, and pointing nowhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "disk.h"
#include "storage/gpt.h"

static int read_memory(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct disk *disk = ctx;

	assert_true(offset_bytes <= disk->size_bytes);
	assert_true(len_bytes <= disk->size_bytes - offset_bytes);
	memcpy(buf, disk->bytes + offset_bytes, len_bytes);
	return 0;
}

static int uuid_of(const struct gpt_disk *gpt, unsigned number, char uuid[PARTUUID_TEXT_MAX])
{
	struct gpt_entry entry;
	int rc = gpt_entry(gpt, number, &entry);

	if (!rc)
		memcpy(uuid, entry.uuid, PARTUUID_TEXT_MAX);
	return rc;
}

static int ask(struct disk *disk, unsigned number, char uuid[PARTUUID_TEXT_MAX])
{
	struct gpt_disk gpt = { read_memory, disk, disk->size_bytes, disk->block_bytes };

	return uuid_of(&gpt, number, uuid);
}

static enum gpt_copies copies(struct disk *disk)
{
	return gpt_look(&(struct gpt_disk){ read_memory, disk, disk->size_bytes,
					    disk->block_bytes });
}

static const uint32_t block_sizes[] = { 512, 4096 };

static void test_good(void **state)
{
	char uuid[PARTUUID_TEXT_MAX] = "old";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct disk disk = disk_gpt(block_sizes[i]);

		assert_int_equal(ask(&disk, 3, uuid), 0);
		assert_string_equal(uuid, DISK_UUID_3);
		assert_int_equal(ask(&disk, 1, uuid), 0);
		assert_string_equal(uuid, "03020100-0504-0706-0809-0a0b0c0d0e0f");
		assert_int_equal(ask(&disk, 4, uuid), -ENOENT);
		assert_int_equal(ask(&disk, 128, uuid), -ENOENT);
		assert_int_equal(ask(&disk, 129, uuid), -ENOENT);
		assert_int_equal(ask(&disk, 0, uuid), -EINVAL);
		assert_string_equal(uuid, "03020100-0504-0706-0809-0a0b0c0d0e0f");
		disk_free(&disk);
	}
}

/* Every byte of the header that counts, each bit of it: found damaged, and the backup used. */
static void test_backup(void **state)
{
	char uuid[PARTUUID_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct disk disk = disk_gpt(block_sizes[i]);

		for (size_t bit = 0; bit < 92 * 8; bit++) {
			uint8_t *byte = disk.bytes + disk.block_bytes + bit / 8;

			*byte ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(ask(&disk, 3, uuid), 0);
			assert_string_equal(uuid, DISK_UUID_3);
			*byte ^= (uint8_t)(1 << bit % 8);
		}
		disk.bytes[2 * disk.block_bytes + 127 * 128] ^= 1;
		assert_int_equal(ask(&disk, 3, uuid), 0);
		assert_string_equal(uuid, DISK_UUID_3);
		disk_free(&disk);
	}
}

static void test_both_damaged(void **state)
{
	char uuid[PARTUUID_TEXT_MAX] = "old";
	struct disk disk = disk_gpt(512);

	(void)state;
	disk.bytes[2 * 512] ^= 1;
	/* Reserved, but within the checksum. */
	disk.bytes[disk_last_block(&disk) * 512 + 20] ^= 1;
	assert_int_equal(ask(&disk, 3, uuid), -EBADMSG);
	assert_string_equal(uuid, "old");
	disk_free(&disk);
}

/* A table that says there is no such partition is believed: the backup is not asked. */
static void test_no_partition(void **state)
{
	char uuid[PARTUUID_TEXT_MAX];
	struct disk disk = disk_gpt(512);

	(void)state;
	memset(disk.bytes + 2 * 512 + 2 * 128, 0, 128);
	disk_seal(&disk, 1);
	assert_int_equal(ask(&disk, 3, uuid), -ENOENT);
	disk_free(&disk);
}

struct twist {
	size_t at, len;
	uint64_t value;
};

/* Headers whose checksum is right, but which point or count beyond all bounds. */
static void test_well_sealed_nonsense(void **state)
{
	static const struct twist twists[] = {
		{ 72, 8, UINT64_MAX },		/* entries */
		{ 72, 8, UINT64_MAX / 512 },
		{ 72, 8, 512 },			/* the first block after the end */
		{ 72, 8, 510 },			/* from inside to past the end */
		{ 80, 4, 0xffffffff },		/* count */
		{ 80, 4, 1025 },
		{ 84, 4, 0 },			/* entry size */
		{ 84, 4, 256 },
		{ 12, 4, 91 },			/* header size */
		{ 12, 4, 513 },
		{ 12, 4, 0xffffffff },
		{ 24, 8, 2 },			/* its own place */
	};
	char uuid[PARTUUID_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(twists); i++) {
		struct disk disk = disk_gpt(512);
		uint8_t *header = disk.bytes + 512;
		uint32_t len;

		memset(disk.bytes + disk_last_block(&disk) * 512, 0, 512);
		if (twists[i].len == 8)
			put_le64(header + twists[i].at, twists[i].value);
		else
			put_le32(header + twists[i].at, (uint32_t)twists[i].value);
		len = get_le32(header + 12);
		put_le32(header + 16, 0);
		put_le32(header + 16, disk_crc(header, len > 4096 ? 92 : len));
		assert_int_equal(ask(&disk, 3, uuid), -EBADMSG);
		disk_free(&disk);
	}
}

static void test_mbr(void **state)
{
	char uuid[PARTUUID_TEXT_MAX];
	struct disk disk = disk_gpt(512);

	(void)state;
	disk.bytes[0x1be + 4] = 0x83;
	put_le32(disk.bytes + 0x1b8, 0x0a2b3c4d);
	assert_int_equal(ask(&disk, 2, uuid), 0);
	assert_string_equal(uuid, "0a2b3c4d-02");
	assert_int_equal(ask(&disk, 12, uuid), 0);
	assert_string_equal(uuid, "0a2b3c4d-0c");
	/* Hybrid: the protecting entry may stand in any place. */
	disk.bytes[0x1be + 3 * 16 + 4] = 0xee;
	assert_int_equal(ask(&disk, 3, uuid), 0);
	assert_string_equal(uuid, DISK_UUID_3);
	disk.bytes[510] = 0;
	assert_int_equal(ask(&disk, 3, uuid), -EBADMSG);
	disk_free(&disk);
}

static int read_error(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	uint64_t *good_bytes = ctx;

	memset(buf, 0, len_bytes);
	if (offset_bytes >= *good_bytes)
		return -EIO;
	((uint8_t *)buf)[510] = 0x55;
	((uint8_t *)buf)[511] = 0xaa;
	((uint8_t *)buf)[0x1be + 4] = 0xee;
	return 0;
}

static void test_read_errors_and_small_disks(void **state)
{
	uint64_t good_bytes = 0;
	struct gpt_disk gpt = { read_error, &good_bytes, 1 << 20, 512 };
	char uuid[PARTUUID_TEXT_MAX];

	(void)state;
	assert_int_equal(uuid_of(&gpt, 1, uuid), -EIO);
	good_bytes = 512;
	assert_int_equal(uuid_of(&gpt, 1, uuid), -EIO);
	for (gpt.size_bytes = 0; gpt.size_bytes < 3 * 512; gpt.size_bytes += 256)
		assert_true(uuid_of(&gpt, 1, uuid) < 0);
	gpt.logical_block_bytes = 0;
	assert_int_equal(uuid_of(&gpt, 1, uuid), -EINVAL);
}

static void test_label_and_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct disk disk = disk_gpt(block_sizes[i]);
		struct gpt_disk gpt = { read_memory, &disk, disk.size_bytes, disk.block_bytes };
		const uint64_t begin = 8 + disk_entry_blocks(&disk);
		struct gpt_entry entry;

		assert_int_equal(gpt_entry(&gpt, 2, &entry), 0);
		assert_string_equal(entry.label, "p2");
		assert_true(entry.start_bytes == (begin + 1) * disk.block_bytes);
		assert_true(entry.size_bytes == disk.block_bytes);
		/* A name as long as it can be; what the kernel does not show, is not shown. */
		for (unsigned u = 0; u < 36; u++)
			put_le32(disk.bytes + 2 * disk.block_bytes + 128 + 56 + 2 * u, 'a');
		disk.bytes[2 * disk.block_bytes + 128 + 56 + 6] = 7;
		disk_seal(&disk, 1);
		assert_int_equal(gpt_entry(&gpt, 2, &entry), 0);
		assert_string_equal(entry.label, "aaa!aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		disk_free(&disk);
	}
}

/* A good checksum over a partition that no disk can have. */
static void test_place_beyond_the_disk(void **state)
{
	static const uint64_t places[][2] = { { 0, 5 }, { 9, 8 }, { 40, 512 }, { 40, UINT64_MAX } };
	struct gpt_entry entry;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct disk disk = disk_gpt(512);

		for (int copy = 0; copy < 2; copy++) {
			uint64_t lba = copy ? disk_last_block(&disk) : 1;
			uint8_t *at = disk.bytes + get_le64(disk.bytes + lba * 512 + 72) * 512;

			put_le64(at + 32, places[i][0]);
			put_le64(at + 40, places[i][1]);
			disk_seal(&disk, lba);
		}
		assert_int_equal(gpt_entry(&(struct gpt_disk){ read_memory, &disk, disk.size_bytes,
							       512 }, 1, &entry), -EBADMSG);
		disk_free(&disk);
	}
}

static void test_which_copies(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct disk disk = disk_gpt(block_sizes[i]);
		uint8_t *first = disk.bytes + disk.block_bytes;
		uint8_t *second = disk.bytes + disk_last_block(&disk) * disk.block_bytes;

		assert_int_equal(copies(&disk), GPT_BOTH);
		second[20] ^= 1;
		assert_int_equal(copies(&disk), GPT_FIRST);
		first[disk.block_bytes] ^= 1;	/* its entries */
		assert_int_equal(copies(&disk), GPT_LOST);
		second[20] ^= 1;
		assert_int_equal(copies(&disk), GPT_SECOND);
		/* Somebody has wiped the beginning of the disk. */
		memset(disk.bytes, 0, 3 * disk.block_bytes + 4096);
		assert_int_equal(copies(&disk), GPT_SECOND);
		/* And has put something else there: what is at the end is of the past. */
		disk.bytes[1080] = 0x53;
		assert_int_equal(copies(&disk), GPT_NONE);
		disk.bytes[1080] = 0;
		disk.bytes[510] = 0x55;
		disk.bytes[511] = 0xaa;
		disk.bytes[0x1be + 4] = 0x0c;
		assert_int_equal(copies(&disk), GPT_NONE);
		disk_free(&disk);
	}
}

static uint64_t bad_sector;	/* cannot be read; UINT64_MAX: all can */

static int read_but_one(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	if (offset_bytes / 512 <= bad_sector && bad_sector < (offset_bytes + len_bytes + 511) / 512)
		return -EIO;
	return read_memory(ctx, offset_bytes, buf, len_bytes);
}

/* What says that a GPT is there: the kernel looks at neither copy without it. */
static void test_first_sector(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct disk disk = disk_gpt(block_sizes[i]);
		const struct gpt_disk gpt = { read_but_one, &disk, disk.size_bytes,
					      disk.block_bytes };
		char uuid[PARTUUID_TEXT_MAX] = "";

		bad_sector = UINT64_MAX;
		assert_int_equal(gpt_look(&gpt), GPT_BOTH);
		bad_sector = 0;
		assert_int_equal(gpt_look(&gpt), GPT_UNREADABLE);
		assert_int_equal(uuid_of(&gpt, 3, uuid), 0);
		assert_string_equal(uuid, DISK_UUID_3);
		bad_sector = UINT64_MAX;
		memset(disk.bytes, 0, 512);
		assert_int_equal(gpt_look(&gpt), GPT_UNSEEN);
		assert_int_equal(uuid_of(&gpt, 3, uuid), 0);
		/* With the first copy's header besides; that lies among the zeros, or behind them. */
		disk.bytes[disk.block_bytes + 20] ^= 1;
		assert_int_equal(gpt_look(&gpt), i ? GPT_SECOND : GPT_NONE);
		bad_sector = 0;
		assert_int_equal(gpt_look(&gpt), GPT_SECOND);
		disk_free(&disk);
	}
	bad_sector = UINT64_MAX;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_both_damaged),
		cmocka_unit_test(test_no_partition),
		cmocka_unit_test(test_well_sealed_nonsense),
		cmocka_unit_test(test_mbr),
		cmocka_unit_test(test_label_and_place),
		cmocka_unit_test(test_place_beyond_the_disk),
		cmocka_unit_test(test_which_copies),
		cmocka_unit_test(test_first_sector),
		cmocka_unit_test(test_read_errors_and_small_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
