/* SPDX-License-Identifier: MIT */
/* One look at a fake /sys: each way to name a partition, what is passed over, what is ambiguous. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "disk.h"
#include "storage/scan.h"
#include "tree.h"

static int look(const char *spec, struct part *part)
{
	char sysfs[64], dev[64];

	(void)snprintf(sysfs, sizeof(sysfs), "%s/sys", tree_dir);
	(void)snprintf(dev, sizeof(dev), "%s/dev", tree_dir);
	return scan_part(sysfs, dev, spec, part);
}

static void common_tree(void)
{
	tree_disk("cbx", "cbx", 0, "512\n", "4096\n", "65536\n");
	tree_part("cbx", "cbx3", "cbx3", 3, "2048\n", "100\n",
		  "PARTN=3\nPARTNAME=system\nPARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4\n");
	tree_part("cbx", "cbx4", "cbx4", 4, "4096\n", "100\n", "PARTN=4\nPARTNAME=data\n");
	/* What stands on the partitions, and what has no name at all. */
	tree_disk("dm-0", "dm-0", 100, "512\n", "512\n", "512\n");
	tree_part("dm-0", "dm-0p1", "dm-0p1", 101, "0\n", "9\n", "PARTN=1\nPARTNAME=system\n");
	tree_disk("zram0", "zram0", 110, "4096\n", "4096\n", "4096\n");
	tree_disk("ram0", "ram0", 120, "512\n", "512\n", "512\n");
}

static void test_partlabel(void **state)
{
	struct part part;
	char path[64];

	(void)state;
	common_tree();
	assert_int_equal(look("PARTLABEL=system", &part), 0);
	assert_string_equal(part.name, "cbx3");
	(void)snprintf(path, sizeof(path), "%s/dev/cbx3", tree_dir);
	assert_string_equal(part.path, path);
	assert_int_equal(part.major, 8);
	assert_int_equal(part.minor, 3);
	assert_true(part.start_sectors == 2048);
	assert_true(part.size_sectors == 100);
	assert_int_equal(part.logical_block_bytes, 512);
	assert_int_equal(part.io_min_bytes, 65536);
}

static void test_none(void **state)
{
	struct part part = { .major = 77 };

	(void)state;
	common_tree();
	assert_int_equal(look("PARTLABEL=syste", &part), -ENODEV);
	assert_string_equal(fail_text(), "cannot find PARTLABEL=syste: there is no such partition");
	assert_int_equal(look("PARTLABEL=systems", &part), -ENODEV);
	assert_int_equal(look("PARTLABEL=System", &part), -ENODEV);
	assert_int_equal(look("/dev/cbx5", &part), -ENODEV);
	assert_int_equal(look("/dev/zram0", &part), -ENODEV);
	assert_int_equal(look("/dev/ram0", &part), -ENODEV);
	assert_int_equal(look("UUID=1-2", &part), -EINVAL);
	assert_int_equal(part.major, 77);
}

static void test_path(void **state)
{
	struct part part;

	(void)state;
	common_tree();
	tree_disk("ccx!c0d0", "ccx/c0d0", 50, "512\n", "512\n", "512\n");
	tree_part("ccx!c0d0", "ccx!c0d0p1", "ccx/c0d0p1", 51, "8\n", "9\n", "PARTN=1\n");
	assert_int_equal(look("/dev/cbx4", &part), 0);
	assert_int_equal(part.minor, 4);
	assert_int_equal(look("/dev/cbx", &part), 0);
	assert_int_equal(part.minor, 0);
	assert_true(part.start_sectors == 0 && part.size_sectors == 1000);
	assert_int_equal(part.io_min_bytes, 65536);
	assert_int_equal(look("/dev/ccx/c0d0p1", &part), 0);
	assert_string_equal(part.name, "ccx!c0d0p1");
	assert_int_equal(part.minor, 51);
}

static void test_two_answer(void **state)
{
	struct part part = { .major = 77 };
	char one[256], other[256];

	(void)state;
	common_tree();
	tree_disk("cby", "cby", 16, "512\n", "512\n", "512\n");
	tree_part("cby", "cby1", "cby1", 17, "8\n", "9\n", "PARTN=1\nPARTNAME=system\n");
	assert_int_equal(look("PARTLABEL=system", &part), -ENOTUNIQ);
	assert_int_equal(part.major, 77);
	(void)snprintf(one, sizeof(one), "cannot tell which partition PARTLABEL=system is: "
		       "%s/dev/cbx3 and %s/dev/cby1 both answer to it", tree_dir, tree_dir);
	(void)snprintf(other, sizeof(other), "cannot tell which partition PARTLABEL=system is: "
		       "%s/dev/cby1 and %s/dev/cbx3 both answer to it", tree_dir, tree_dir);
	if (strcmp(fail_text(), one) != 0)
		assert_string_equal(fail_text(), other);
}

static void test_partuuid_of_the_kernel(void **state)
{
	struct part part;

	(void)state;
	common_tree();
	assert_int_equal(look("PARTUUID=0FC63DAF-8483-4772-8E79-3D69D8477DE4", &part), 0);
	assert_int_equal(part.minor, 3);
}

/* Where the kernel does not tell the PARTUUID, the disk's own table does. */
static void test_partuuid_of_the_disk(void **state)
{
	static const uint32_t block_sizes[] = { 512, 4096 };
	char path[128];
	struct part part;

	(void)state;
	tree_disk("cba", "cba", 0, "512\n", "512\n", "512\n");
	tree_part("cba", "cba3", "cba3", 3, "48\n", "1\n", "PARTN=3\nPARTNAME=a\n");
	tree_disk("cbb", "cbb", 16, "4096\n", "4096\n", "4096\n");
	tree_part("cbb", "cbb3", "cbb3", 19, "48\n", "1\n", "PARTN=3\nPARTNAME=a\n");
	for (int i = 0; i < 2; i++) {
		struct disk disk = disk_gpt(block_sizes[i]);

		(void)snprintf(path, sizeof(path), "%s/dev/cb%c", tree_dir, 'a' + i);
		assert_int_equal(sys_write_file(path, disk.bytes, disk.size_bytes), 0);
		disk_free(&disk);
		assert_int_equal(look("PARTUUID=" DISK_UUID_3, &part), 0);
		assert_int_equal(part.minor, 3 + 16 * i);
		/* The next round is the other disk's alone. */
		assert_int_equal(sys_write_file(path, "", 0), 0);
	}
	assert_int_equal(look("PARTUUID=" DISK_UUID_3, &part), -ENODEV);
}

static void test_half_there(void **state)
{
	struct part part;
	char path[128];

	(void)state;
	/* The node is a moment later than sysfs. */
	common_tree();
	(void)snprintf(path, sizeof(path), "%s/dev/cbx4", tree_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(look("PARTLABEL=data", &part), -ENODEV);
	/* A loop device without a file. */
	tree_file("sys/devices/cbx/cbx3/size", "0\n");
	assert_int_equal(look("PARTLABEL=system", &part), -ENODEV);
	tree_file("sys/devices/cbx/cbx3/size", "100\n");
	assert_int_equal(look("PARTLABEL=system", &part), 0);
	tree_file("sys/devices/cbx/queue/minimum_io_size", "much\n");
	assert_int_equal(look("PARTLABEL=system", &part), -ENODEV);
}

static void test_no_sysfs(void **state)
{
	struct part part;

	(void)state;
	assert_int_equal(scan_part("/nowhere", "/dev", "PARTLABEL=x", &part), -ENOENT);
	assert_string_equal(fail_text(), "cannot list the block devices in /nowhere/class/block: "
			    "No such file or directory");
}

#define test(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_partlabel),
		test(test_none),
		test(test_path),
		test(test_two_answer),
		test(test_partuuid_of_the_kernel),
		test(test_partuuid_of_the_disk),
		test(test_half_there),
		cmocka_unit_test(test_no_sysfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
