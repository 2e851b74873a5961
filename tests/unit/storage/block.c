/* SPDX-License-Identifier: MIT */
/* What a block device is, and which disk it is on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/block.h"
#include "tree.h"

static char sysfs[128], disk[BLOCK_NAME_MAX];

static enum block_kind kind(const char *name)
{
	return block_kind(sysfs, name);
}

static const char *disk_of(const char *name)
{
	assert_int_equal(block_disk(sysfs, name, disk, sizeof(disk)), 0);
	return disk;
}

static int setup(void **state)
{
	int rc = tree_setup(state);

	(void)snprintf(sysfs, sizeof(sysfs), "%s/sys", tree_dir);
	return rc;
}

static void test_disk(void **state)
{
	(void)state;
	tree_disk("vda", "vda", 0, "512", "512", "512");
	tree_part("vda", "vda1", "vda1", 1, "8", "100", "");
	assert_int_equal(kind("vda"), BLOCK_DISK);
	assert_int_equal(kind("vda1"), BLOCK_PARTITION);
	assert_string_equal(disk_of("vda"), "vda");
	assert_string_equal(disk_of("vda1"), "vda");
	assert_int_equal(kind("vdb"), BLOCK_NONE);
	assert_int_equal(kind("."), BLOCK_NONE);
	assert_int_equal(block_disk(sysfs, "vdb", disk, sizeof(disk)), -ENOENT);
	assert_int_equal(block_disk(sysfs, "vda1", disk, 3), -ENAMETOOLONG);
}

/* A general purpose area may have a partition table of its own: that is on the eMMC too. */
static void test_emmc(void **state)
{
	(void)state;
	tree_disk("mmcblk0", "mmcblk0", 0, "512", "512", "512");
	tree_part("mmcblk0", "mmcblk0p1", "mmcblk0p1", 1, "8", "100", "");
	tree_area("mmcblk0", "mmcblk0boot0", 8);
	tree_area("mmcblk0", "mmcblk0gp0", 16);
	tree_part("mmcblk0/mmcblk0gp0", "mmcblk0gp0p1", "mmcblk0gp0p1", 17, "8", "100", "");
	assert_int_equal(kind("mmcblk0"), BLOCK_DISK);
	assert_int_equal(kind("mmcblk0boot0"), BLOCK_AREA);
	assert_int_equal(kind("mmcblk0gp0"), BLOCK_AREA);
	assert_int_equal(kind("mmcblk0gp0p1"), BLOCK_PARTITION);
	assert_string_equal(disk_of("mmcblk0boot0"), "mmcblk0");
	assert_string_equal(disk_of("mmcblk0p1"), "mmcblk0");
	assert_string_equal(disk_of("mmcblk0gp0p1"), "mmcblk0");
}

static void test_made(void **state)
{
	static const char *const names[] = { "loop0", "dm-0", "zram0", "ram0", "md127", "nbd3",
					     "sr0" };

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tree_disk(names[i], names[i], i, "512", "512", "512");
		assert_int_equal(kind(names[i]), BLOCK_MADE);
	}
	tree_part("loop0", "loop0p1", "loop0p1", 99, "8", "100", "");
	assert_int_equal(kind("loop0p1"), BLOCK_MADE);
	/* One that nobody has heard of yet. */
	tree_file("sys/devices/virtual/block/later0/size", "1000\n");
	tree_link("../../devices/virtual/block/later0", "sys/class/block/later0");
	assert_int_equal(kind("later0"), BLOCK_MADE);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_disk),
		test(test_emmc),
		test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
