/* SPDX-License-Identifier: MIT */
/* One look at a fake /sys: each way to name a partition, what is passed over, what is ambiguous. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/bytes.h"
#include "base/fail.h"
#include "disk.h"
#include "storage/scan.h"
#include "tree.h"

static const char *on;		/* the disk that a label must be on */

static int look(const char *spec, struct part *part)
{
	char sysfs[64], dev[64];

	(void)snprintf(sysfs, sizeof(sysfs), "%s/sys", tree_dir);
	(void)snprintf(dev, sizeof(dev), "%s/dev", tree_dir);
	return scan_part(sysfs, dev, spec, on, part);
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

static int setup(void **state)
{
	on = NULL;
	return tree_setup(state);
}

/* Two disks with partitions of one name: what is on the disk that was asked for counts. */
static void test_on_a_disk(void **state)
{
	struct part part = { .major = 77 };

	(void)state;
	common_tree();
	tree_disk("cby", "cby", 16, "512\n", "512\n", "512\n");
	tree_part("cby", "cby1", "cby1", 17, "8\n", "9\n", "PARTN=1\nPARTNAME=system\n");
	tree_part("cby", "cby2", "cby2", 18, "8\n", "9\n", "PARTN=2\nPARTNAME=other\n"
		  "PARTUUID=11111111-2222-3333-4444-555555555555\n");
	on = "cbx";
	assert_int_equal(look("PARTLABEL=other", &part), -EXDEV);
	assert_non_null(strstr(fail_text(), "cby2, and the record is on another disk, cbx"));
	assert_int_equal(part.major, 77);
	assert_int_equal(look("PARTLABEL=system", &part), 0);
	assert_string_equal(part.name, "cbx3");
	assert_string_equal(part.disk, "cbx");
	/* A UUID or a path is no other disk's. */
	assert_int_equal(look("PARTUUID=11111111-2222-3333-4444-555555555555", &part), 0);
	assert_int_equal(look("/dev/cby2", &part), 0);
	/* Of a disk and its copy the one that was asked for counts, though a UUID is no other disk's. */
	tree_disk("cbz", "cbz", 32, "512\n", "512\n", "512\n");
	tree_part("cbz", "cbz3", "cbz3", 35, "8\n", "9\n", "PARTN=3\nPARTNAME=third\n"
		  "PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4\n");
	assert_int_equal(look("PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4", &part), 0);
	assert_string_equal(part.name, "cbx3");
	on = "cby";
	assert_int_equal(look("PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4", &part), -ENOTUNIQ);
	assert_non_null(strstr(fail_text(), "both answer to it"));
	on = "cbz";
	assert_int_equal(look("PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4", &part), 0);
	assert_string_equal(part.name, "cbz3");
	on = "cby";
	assert_int_equal(look("PARTLABEL=system", &part), 0);
	assert_string_equal(part.name, "cby1");
	tree_part("cby", "cby3", "cby3", 19, "20\n", "9\n", "PARTN=3\nPARTNAME=system\n");
	assert_int_equal(look("PARTLABEL=system", &part), -ENOTUNIQ);
}

static void test_write_protected(void **state)
{
	struct part part;

	(void)state;
	common_tree();
	assert_int_equal(look("PARTLABEL=system", &part), 0);
	assert_false(part.write_protected);
	tree_file("sys/devices/cbx/cbx3/ro", "1\n");
	assert_int_equal(look("PARTLABEL=system", &part), 0);
	assert_true(part.write_protected);
}

/* Partitions that init itself has told the kernel of: the names are in the table's second copy. */
static void test_label_of_the_disk(void **state)
{
	struct disk disk = disk_gpt(512);
	char path[128];
	struct part part;

	(void)state;
	tree_disk("cba", "cba", 0, "512\n", "512\n", "512\n");
	tree_part("cba", "cba1", "cba1", 1, "40\n", "1\n", "PARTN=1\n");
	tree_part("cba", "cba3", "cba3", 3, "42\n", "1\n", "PARTN=3\n");
	memset(disk.bytes + 512, 0, 512);
	(void)snprintf(path, sizeof(path), "%s/dev/cba", tree_dir);
	assert_int_equal(sys_write_file(path, disk.bytes, disk.size_bytes), 0);
	assert_int_equal(look("PARTLABEL=p3", &part), 0);
	assert_string_equal(part.name, "cba3");
	assert_int_equal(look("PARTLABEL=p2", &part), -ENODEV);
	disk_free(&disk);
}

/* An image of the board's disk that somebody has opened is not the board's disk. */
static void test_made_of_a_file(void **state)
{
	static const char *const made[] = { "loop0", "nbd0", "md0", "zd0", "bcache0" };
	char name[32], spec[64];
	struct part part;

	(void)state;
	common_tree();
	for (unsigned i = 0; i < ARRAY_SIZE(made); i++) {
		(void)snprintf(name, sizeof(name), "%sp3", made[i]);
		tree_disk(made[i], made[i], 130 + 10 * i, "512\n", "512\n", "512\n");
		tree_part(made[i], name, name, 131 + 10 * i, "8\n", "100\n",
			  "PARTN=3\nPARTNAME=system\n"
			  "PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4\n");
		assert_int_equal(look("PARTLABEL=system", &part), 0);
		assert_string_equal(part.name, "cbx3");
		assert_int_equal(look("PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4", &part), 0);
		assert_string_equal(part.name, "cbx3");
		/* Unless it is named itself. */
		(void)snprintf(spec, sizeof(spec), "/dev/%s", name);
		assert_int_equal(look(spec, &part), 0);
		assert_string_equal(part.name, name);
	}
}

static void test_partuuid_of_the_kernel(void **state)
{
	uint8_t uuid[PLACE_UUID_BYTES];
	struct part part;

	(void)state;
	common_tree();
	assert_int_equal(look("PARTUUID=0FC63DAF-8483-4772-8E79-3D69D8477DE4", &part), 0);
	assert_int_equal(part.minor, 3);
	/* The disk has no table, so of its own id nothing is known. */
	assert_true(place_uuid_parse("0fc63daf-8483-4772-8e79-3d69d8477de4", uuid));
	assert_memory_equal(part.part_uuid, uuid, sizeof(uuid));
	assert_true(bytes_are_zero(part.disk_id, sizeof(part.disk_id)));
	assert_int_equal(look("/dev/cbx4", &part), 0);
	assert_true(bytes_are_zero(part.part_uuid, sizeof(part.part_uuid)));
}

/* However it was looked for, what it is stands in the table. */
static void test_ids(void **state)
{
	struct disk disk = disk_gpt(512);
	uint8_t uuid[PLACE_UUID_BYTES], id[PLACE_UUID_BYTES];
	char path[128];
	struct part part;

	(void)state;
	tree_disk("cba", "cba", 0, "512\n", "512\n", "512\n");
	tree_part("cba", "cba3", "cba3", 3, "42\n", "1\n", "PARTN=3\nPARTNAME=a\n");
	(void)snprintf(path, sizeof(path), "%s/dev/cba", tree_dir);
	memset(id, 0x5a, sizeof(id));
	memcpy(disk.bytes + 512 + 56, id, sizeof(id));
	disk_seal(&disk, 1);
	assert_int_equal(sys_write_file(path, disk.bytes, disk.size_bytes), 0);
	assert_true(place_uuid_parse(DISK_UUID_3, uuid));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(look(i ? "/dev/cba3" : "PARTLABEL=a", &part), 0);
		assert_memory_equal(part.part_uuid, uuid, sizeof(uuid));
		assert_memory_equal(part.disk_id, id, sizeof(id));
	}
	assert_int_equal(look("/dev/cba", &part), 0);
	assert_true(bytes_are_zero(part.part_uuid, sizeof(part.part_uuid)));
	/* An MBR has a signature, and no more. */
	disk.bytes[0x1be + 4] = 0x83;
	put_le32(disk.bytes + 0x1b8, 0x0a2b3c4d);
	assert_int_equal(sys_write_file(path, disk.bytes, disk.size_bytes), 0);
	assert_int_equal(look("/dev/cba3", &part), 0);
	place_mbr_uuid(uuid, 0x0a2b3c4d, 3);
	place_mbr_uuid(id, 0x0a2b3c4d, 0);
	assert_memory_equal(part.part_uuid, uuid, sizeof(uuid));
	assert_memory_equal(part.disk_id, id, sizeof(id));
	disk_free(&disk);
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

/* How often a node was opened since watch(), by whichever process. */
static int watched = -1;

static void watch(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/dev/%s", tree_dir, name);
	watched = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(watched >= 0 && inotify_add_watch(watched, path, IN_OPEN) >= 0);
}

static unsigned opened(void)
{
	char events[4096] __attribute__((aligned(8)));
	ssize_t len = read(watched, events, sizeof(events));

	assert_int_equal(close(watched), 0);
	return len < 0 ? 0 : (unsigned)len / sizeof(struct inotify_event);
}

static void table_onto(const char *name, bool other_uuids)
{
	struct disk disk = disk_gpt(512);
	char path[128];

	if (other_uuids) {
		memset(disk.bytes + 1024 + 2 * 128 + 16, 0x77, 16);
		disk_seal(&disk, 1);
	}
	(void)snprintf(path, sizeof(path), "%s/dev/%s", tree_dir, name);
	assert_int_equal(sys_write_file(path, disk.bytes, disk.size_bytes), 0);
	disk_free(&disk);
}

/* A disk that has nothing to do with it may be a stick that takes minutes for a read. */
static void test_partuuid_on_a_disk(void **state)
{
	struct part part;

	(void)state;
	tree_disk("cba", "cba", 0, "512\n", "512\n", "512\n");
	tree_part("cba", "cba3", "cba3", 3, "48\n", "1\n", "PARTN=3\nPARTNAME=a\n");
	tree_disk("cbb", "cbb", 16, "512\n", "512\n", "512\n");
	tree_part("cbb", "cbb3", "cbb3", 19, "48\n", "1\n", "PARTN=3\nPARTNAME=a\n");
	table_onto("cba", false);
	table_onto("cbb", false);
	on = "cba";
	watch("cbb");
	assert_int_equal(look("PARTUUID=" DISK_UUID_3, &part), 0);
	assert_string_equal(part.name, "cba3");
	assert_int_equal(opened(), 0);
	/* Where the disk has it not, it may be on any. */
	table_onto("cba", true);
	watch("cbb");
	assert_int_equal(look("PARTUUID=" DISK_UUID_3, &part), 0);
	assert_string_equal(part.name, "cbb3");
	assert_true(opened() > 0);
	/* No disk has been told: a clone must not go unseen, so each is asked. */
	on = NULL;
	watch("cba");
	assert_int_equal(look("PARTUUID=" DISK_UUID_3, &part), 0);
	assert_true(opened() > 0);
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
	assert_int_equal(scan_part("/nowhere", "/dev", "PARTLABEL=x", NULL, &part), -ENOENT);
	assert_string_equal(fail_text(), "cannot list the block devices in /nowhere/class/block: "
			    "No such file or directory");
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_partlabel),
		test(test_none),
		test(test_path),
		test(test_two_answer),
		test(test_on_a_disk),
		test(test_write_protected),
		test(test_label_of_the_disk),
		test(test_made_of_a_file),
		test(test_partuuid_of_the_kernel),
		test(test_ids),
		test(test_partuuid_of_the_disk),
		test(test_partuuid_on_a_disk),
		test(test_half_there),
		cmocka_unit_test(test_no_sysfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
