/* SPDX-License-Identifier: MIT */
/* Places: every field that both sides know counts, and what only one knows does not. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "storage/find.h"
#include "storage/place.h"

#define UUID "23222120-2524-2726-2829-2a2b2c2d2e2f"

static struct place sample(void)
{
	struct place place = { .start_sectors = 2048, .size_sectors = 4096 };

	memset(place.part_uuid, 0x11, sizeof(place.part_uuid));
	memset(place.disk_id, 0x22, sizeof(place.disk_id));
	return place;
}

static void test_each_field_counts(void **state)
{
	const struct place kept = sample();
	struct place found = kept;

	(void)state;
	assert_true(place_same(&kept, &found));
	for (unsigned bit = 0; bit < 8 * PLACE_UUID_BYTES; bit++) {
		found = kept;
		found.part_uuid[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(place_same(&kept, &found));
		found = kept;
		found.disk_id[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(place_same(&kept, &found));
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		found = kept;
		found.start_sectors ^= 1ull << bit;
		assert_false(place_same(&kept, &found));
	}
}

/* Its own name says that it is the same; without one, only its length tells two partitions apart. */
static void test_a_partition_that_grew(void **state)
{
	struct place kept = sample(), found = sample();

	(void)state;
	found.size_sectors = 8192;
	assert_true(place_same(&kept, &found));
	memset(found.part_uuid, 0, sizeof(found.part_uuid));
	assert_false(place_same(&kept, &found));
	found = sample();
	memset(kept.part_uuid, 0, sizeof(kept.part_uuid));
	assert_true(place_same(&kept, &found));
	for (unsigned bit = 0; bit < 64; bit++) {
		found.size_sectors = kept.size_sectors ^ 1ull << bit;
		assert_false(place_same(&kept, &found));
	}
}

static void test_what_one_side_lacks(void **state)
{
	const struct place none = { .start_sectors = 0 };
	struct place kept = sample(), found = sample();

	(void)state;
	memset(found.part_uuid, 0, sizeof(found.part_uuid));
	memset(found.disk_id, 0, sizeof(found.disk_id));
	assert_true(place_same(&kept, &found));
	assert_true(place_same(&found, &kept));
	/* The disk's id still counts where the partition's own cannot be read. */
	found = sample();
	memset(found.part_uuid, 0, sizeof(found.part_uuid));
	found.disk_id[0] ^= 1;
	assert_false(place_same(&kept, &found));
	assert_true(place_same(&none, &kept));
	assert_false(place_same(&kept, &none));
	assert_true(place_same(&none, &none));
	assert_false(place_is_known(&none));
	/* Version 1 kept where the stores' partition begins, and no more. */
	kept = none;
	kept.start_sectors = 2048;
	found = sample();
	assert_true(place_same(&kept, &found));
	found.start_sectors++;
	assert_false(place_same(&kept, &found));
	kept = none;
	kept.part_uuid[15] = 1;
	assert_true(place_is_known(&kept));
	kept = none;
	kept.disk_id[0] = 1;
	assert_true(place_is_known(&kept));
	kept = none;
	kept.start_sectors = 1;
	assert_true(place_is_known(&kept));
	kept = none;
	kept.size_sectors = 1;
	assert_true(place_is_known(&kept));
}

static void test_of_a_part(void **state)
{
	struct part part = { .name = "vda3", .major = 8, .start_sectors = 9, .size_sectors = 7 };
	struct place place;

	(void)state;
	part.part_uuid[3] = 5;
	part.disk_id[4] = 6;
	place = place_of(&part);
	assert_int_equal(place.start_sectors, 9);
	assert_int_equal(place.size_sectors, 7);
	assert_int_equal(place.part_uuid[3], 5);
	assert_int_equal(place.disk_id[4], 6);
}

static void test_uuids(void **state)
{
	static const uint8_t guid[] = { 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
					0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f };
	static const uint8_t mbr[PLACE_UUID_BYTES] = { 0x4d, 0x3c, 0x2b, 0x0a, 0x0c };
	static const uint8_t zeros[PLACE_UUID_BYTES];
	static const char *const wrong[] = {
		"", "0a2b3c4d", "0a2b3c4d-1", "0a2b3c4d-001", "0a2b3c4d_0c", "0a2b3c4g-0c",
		"23222120-2524-2726-2829-2a2b2c2d2e2", UUID "0",
		"23222120-2524-2726-28292-a2b2c2d2e2f", "2322212O-2524-2726-2829-2a2b2c2d2e2f",
		"-3222120-2524-2726-2829-2a2b2c2d2e2f",
	};
	uint8_t uuid[PLACE_UUID_BYTES];

	(void)state;
	assert_true(place_uuid_parse(UUID, uuid));
	assert_memory_equal(uuid, guid, sizeof(uuid));
	assert_true(place_uuid_parse("23222120-2524-2726-2829-2A2B2C2D2E2F", uuid));
	assert_memory_equal(uuid, guid, sizeof(uuid));
	assert_true(place_uuid_parse("0A2b3c4d-0c", uuid));
	assert_memory_equal(uuid, mbr, sizeof(uuid));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(place_uuid_parse(wrong[i], uuid));
		assert_memory_equal(uuid, zeros, sizeof(uuid));
	}
	/* A disk without a signature has no name: neither have its partitions. */
	place_mbr_uuid(uuid, 0, 2);
	assert_memory_equal(uuid, zeros, sizeof(uuid));
}

static void test_words(void **state)
{
	struct place kept = { .start_sectors = 2048, .size_sectors = 4096 }, found = kept;
	char text[PLACE_TEXT_MAX], spec[PLACE_SPEC_MAX];

	(void)state;
	place_text(text, &(struct place){ .start_sectors = 0 });
	assert_string_equal(text, "an unknown place");
	place_text(text, &kept);
	assert_string_equal(text, "4096 sectors at sector 2048");
	assert_false(place_spec(spec, &kept));
	place_uuid_parse(UUID, kept.part_uuid);
	place_text(text, &kept);
	assert_string_equal(text, "PARTUUID=" UUID " at sector 2048");
	assert_true(place_spec(spec, &kept));
	assert_string_equal(spec, "PARTUUID=" UUID);
	place_uuid_parse("0a2b3c4d-02", found.part_uuid);
	assert_true(place_spec(spec, &found));
	assert_string_equal(spec, "PARTUUID=0a2b3c4d-02");
	assert_int_equal(place_check("/dev/vdb1", &kept, &found), -ESTALE);
	assert_string_equal(fail_text(), "/dev/vdb1 is PARTUUID=0a2b3c4d-02 at sector 2048, and the "
			    "update was made for PARTUUID=" UUID " at sector 2048");
	found = kept;
	kept.disk_id[0] = 1;
	found.disk_id[0] = 2;
	assert_int_equal(place_check("/dev/vdb1", &kept, &found), -ESTALE);
	assert_string_equal(fail_text(),
			    "/dev/vdb1 is on another disk than the update was made for");
	kept.disk_id[0] = 2;
	assert_int_equal(place_check("/dev/vdb1", &kept, &found), 0);
}

static void test_folders(void **state)
{
	const struct place_folder kept = { 0xfd01, 12 }, recorded = { 0, 12 }, none = { 0, 0 };
	struct place_folder found = kept;
	char dir[] = "/tmp/cowboot-place-XXXXXX", path[64];
	struct stat st;
	int fd;

	(void)state;
	assert_true(place_same_folder(&kept, &found));
	assert_true(place_same_folder(&recorded, &found));
	assert_true(place_same_folder(&none, &found));
	assert_false(place_same_folder(&kept, &none));
	assert_false(place_same_folder(&none, &none));
	found.inode = 13;
	assert_false(place_same_folder(&kept, &found));
	assert_false(place_same_folder(&recorded, &found));
	found = kept;
	found.device = 0xfd02;
	assert_false(place_same_folder(&kept, &found));
	assert_false(place_same_folder(&(struct place_folder){ 0xfd01, 0 }, &found));

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(place_folder_of(fd, &found), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(found.device == st.st_dev && found.inode == st.st_ino);
	close(fd);
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(place_folder_of(fd, &found), -ENOTDIR);
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field_counts),
		cmocka_unit_test(test_a_partition_that_grew),
		cmocka_unit_test(test_what_one_side_lacks),
		cmocka_unit_test(test_of_a_part),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
