/* SPDX-License-Identifier: MIT */
/* Which disks the kernel is asked to read again: those that have no partitions, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/bytes.h"
#include "storage/reread.h"
#include "tree.h"

static unsigned asked(void)
{
	char sysfs_dir[128], dev_dir[128];

	(void)snprintf(sysfs_dir, sizeof(sysfs_dir), "%s/sys", tree_dir);
	(void)snprintf(dev_dir, sizeof(dev_dir), "%s/dev", tree_dir);
	return reread_tables(sysfs_dir, dev_dir);
}

static void test_disk_without_partitions(void **state)
{
	(void)state;
	assert_int_equal(asked(), 0);
	tree_disk("vda", "vda", 0, "512", "512", "512");
	assert_int_equal(asked(), 1);
	tree_disk("mmcblk0", "mmcblk0", 8, "512", "512", "512");
	assert_int_equal(asked(), 2);
	tree_part("vda", "vda1", "vda1", 1, "8", "100", "");
	assert_int_equal(asked(), 1);
	tree_part("mmcblk0", "mmcblk0p1", "mmcblk0p1", 9, "8", "100", "");
	assert_int_equal(asked(), 0);
}

static void test_never_asked(void **state)
{
	(void)state;
	tree_disk("dm-0", "dm-0", 0, "512", "512", "512");
	tree_disk("loop0", "loop0", 1, "512", "512", "512");
	tree_disk("zram0", "zram0", 2, "512", "512", "512");
	tree_disk("sr0", "sr0", 3, "512", "512", "512");
	assert_int_equal(asked(), 0);
}

/* As on every eMMC: its boot areas lie in its folder and begin as its partitions would. */
static void test_emmc(void **state)
{
	static const char *const areas[] = { "mmcblk0boot0", "mmcblk0boot1", "mmcblk0rpmb",
					     "mmcblk0gp0" };

	(void)state;
	tree_disk("mmcblk0", "mmcblk0", 8, "512", "512", "512");
	for (unsigned i = 0; i < ARRAY_SIZE(areas); i++)
		tree_area("mmcblk0", areas[i], 16 + 8 * i);
	assert_int_equal(asked(), 1);
	tree_part("mmcblk0", "mmcblk0p1", "mmcblk0p1", 9, "8", "100", "");
	assert_int_equal(asked(), 0);
}

/* Whatever it is called: the kernel made it, and no disk is below it. */
static void test_virtual_disk(void **state)
{
	(void)state;
	tree_file("sys/devices/virtual/block/new0/size", "1000\n");
	tree_file("sys/devices/virtual/block/new0/queue/logical_block_size", "512\n");
	tree_file("dev/new0", "");
	tree_link("../../devices/virtual/block/new0", "sys/class/block/new0");
	assert_int_equal(asked(), 0);
}

static void test_empty_drive(void **state)
{
	(void)state;
	tree_disk("sda", "sda", 0, "512", "512", "512");
	tree_file("sys/devices/sda/size", "0\n");
	assert_int_equal(asked(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_disk_without_partitions, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_never_asked, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_emmc, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_virtual_disk, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_empty_drive, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
