/* SPDX-License-Identifier: MIT */
/* Waiting on the real /sys: the deadline holds, and a partition that comes later is found. */
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "base/sys.h"
#include "disk.h"
#include "loop.h"
#include "storage/find.h"

static void test_spec(void **state)
{
	struct part part;

	(void)state;
	assert_true(find_spec_ok("PARTLABEL=system"));
	assert_false(find_spec_ok("LABEL=system"));
	assert_int_equal(find_part("LABEL=system", NULL, sys_now_ms() + 60000, &part), -EINVAL);
}

static void test_deadline(void **state)
{
	uint64_t begin_ms = sys_now_ms(), took_ms;
	struct part part = { .major = 77 };

	(void)state;
	assert_int_equal(find_part("PARTLABEL=cowboot none", NULL, begin_ms + 600, &part), -ENODEV);
	took_ms = sys_now_ms() - begin_ms;
	assert_true(took_ms >= 600 && took_ms < 5000);
	assert_string_equal(fail_text(), "cannot find PARTLABEL=cowboot none: there is no such "
			    "partition after 1 s");
	assert_int_equal(part.major, 77);
}

/* One look, no wait. */
static void test_past_deadline(void **state)
{
	uint64_t begin_ms = sys_now_ms();
	struct part part;

	(void)state;
	assert_int_equal(find_part("PARTLABEL=cowboot none", NULL, 0, &part), -ENODEV);
	assert_true(sys_now_ms() - begin_ms < 5000);
	assert_string_equal(fail_text(), "cannot find PARTLABEL=cowboot none: there is no such "
			    "partition");
}

/* Adds or takes away a partition by hand: Debian 13 has no addpart and no delpart. Units: bytes. */
static int partition(int op, int number, long long start, long long length)
{
	struct blkpg_partition part = { .start = start, .length = length, .pno = number };
	struct blkpg_ioctl_arg arg = { .op = op, .datalen = sizeof(part), .data = &part };
	int fd = open(loop_dev, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : ioctl(fd, BLKPG, &arg);

	if (fd >= 0)
		(void)close(fd);	/* only read */
	return rc;
}

/*
 * Makes the kernel see partition 3 while the main thread waits for it.  Added by hand, as a kernel
 * without CONFIG_EFI_PARTITION can; it has a number then, and no PARTNAME or PARTUUID.
 */
static void *show_partition(void *late_ms)
{
	sys_sleep_ms(*(unsigned *)late_ms);
	(void)partition(BLKPG_ADD_PARTITION, 3, 42 * 512, 512);
	return NULL;
}

static void make_disk(void)
{
	struct disk disk = disk_gpt(512);
	char path[128];

	loop_must("umount $MNT && losetup -d $DEV");
	(void)snprintf(path, sizeof(path), "%s/image", loop_dir);
	assert_int_equal(sys_write_file(path, disk.bytes, disk.size_bytes), 0);
	disk_free(&disk);
	loop_must("losetup -P $DEV image");
	/* Those that the kernel has found by itself, if it can. */
	for (int number = 1; number <= 3; number++)
		(void)partition(BLKPG_DEL_PARTITION, number, 0, 0);
}

static void found_later(const char *spec)
{
	unsigned late_ms = 300;
	struct part part;
	pthread_t thread;
	uint64_t begin_ms;
	int rc;

	make_disk();
	assert_int_equal(find_part(spec, NULL, 0, &part), -ENODEV);
	begin_ms = sys_now_ms();
	assert_int_equal(pthread_create(&thread, NULL, show_partition, &late_ms), 0);
	rc = find_part(spec, NULL, begin_ms + 20000, &part);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(rc, 0);
	print_message("%s came after %llu ms\n", part.path,
		      (unsigned long long)(sys_now_ms() - begin_ms));
	assert_true(sys_now_ms() - begin_ms >= 300);
	assert_true(sys_now_ms() - begin_ms < 10000);
	assert_true(part.start_sectors == 8 + 32 + 2);
	assert_true(part.size_sectors == 1);
	assert_int_equal(part.logical_block_bytes, 512);
	assert_memory_equal(part.path, loop_dev, strlen(loop_dev));
	assert_string_equal(part.path + strlen(loop_dev), "p3");
}

static void test_path_comes_later(void **state)
{
	char spec[80];

	(void)state;
	loop_needed();
	(void)snprintf(spec, sizeof(spec), "%sp3", loop_dev);
	found_later(spec);
}

/* Somebody who looks into an image of the board's disk has not brought another disk. */
static void test_opened_image(void **state)
{
	struct part part;
	char spec[80];

	(void)state;
	loop_needed();
	make_disk();
	assert_int_equal(partition(BLKPG_ADD_PARTITION, 3, 42 * 512, 512), 0);
	(void)snprintf(spec, sizeof(spec), "%sp3", loop_dev);
	assert_int_equal(find_part(spec, NULL, 0, &part), 0);
	assert_int_equal(find_part("PARTUUID=" DISK_UUID_3, NULL, 0, &part), -ENODEV);
	assert_int_equal(find_part("PARTLABEL=p3", NULL, 0, &part), -ENODEV);
}

#define test(f) cmocka_unit_test_setup_teardown(f, loop_setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_past_deadline),
		test(test_path_comes_later),
		test(test_opened_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
