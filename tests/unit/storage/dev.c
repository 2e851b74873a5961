/* SPDX-License-Identifier: MIT */
/* struct dev over a file: all or an error, the end, and messages that name the device. */
#include <errno.h>
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
#include "loop.h"
#include "storage/dev.h"

static char path[] = "/tmp/cowboot-dev-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || ftruncate(fd, 10000) < 0)
		return -1;
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void test_write_and_read(void **state)
{
	char buf[16] = { 0 };
	struct dev dev;

	(void)state;
	assert_int_equal(dev_open(path, DEV_WRITE, &dev), 0);
	assert_true(dev.size_bytes == 10000);
	assert_true(dev.writable);
	assert_string_equal(dev.name, path);
	assert_int_equal(dev_write(&dev, 9993, "end", 4), 0);
	assert_int_equal(dev_flush(&dev), 0);
	assert_int_equal(dev_drop_cache(&dev), 0);
	dev_close(&dev);
	assert_int_equal(dev.fd, -1);
	dev_close(&dev);
	assert_int_equal(dev_open(path, DEV_READ, &dev), 0);
	assert_int_equal(dev_read(&dev, 9993, buf, 7), 0);
	assert_memory_equal(buf, "end\0\0\0\0", 7);
	dev_close(&dev);
}

static void test_end(void **state)
{
	char buf[8], want[256];
	struct dev dev;

	(void)state;
	assert_int_equal(dev_open(path, DEV_WRITE, &dev), 0);
	assert_int_equal(dev_read(&dev, 10000, buf, 0), 0);
	assert_int_equal(dev_read(&dev, 9999, buf, 2), -EINVAL);
	(void)snprintf(want, sizeof(want), "cannot read 2 bytes at 9999 of %s: it ends at 10000",
		       path);
	assert_string_equal(fail_text(), want);
	assert_int_equal(dev_read(&dev, UINT64_MAX, buf, 2), -EINVAL);
	assert_int_equal(dev_write(&dev, 9999, buf, 2), -EINVAL);
	assert_int_equal(dev_write(&dev, UINT64_MAX - 1, buf, 4), -EINVAL);
	dev_close(&dev);
}

/* Where the medium ends before it said it would, half a read is no success. */
static void test_short(void **state)
{
	char buf[8], want[256];
	struct dev dev;

	(void)state;
	assert_int_equal(dev_open(path, DEV_READ, &dev), 0);
	dev.size_bytes = 20000;
	assert_int_equal(dev_read(&dev, 9996, buf, 8), -EIO);
	(void)snprintf(want, sizeof(want), "cannot read 8 bytes at 9996 of %s: Input/output error",
		       path);
	assert_string_equal(fail_text(), want);
	dev_close(&dev);
}

static void test_read_only(void **state)
{
	struct dev dev;

	(void)state;
	assert_int_equal(dev_open(path, DEV_READ, &dev), 0);
	assert_false(dev.writable);
	assert_int_equal(dev_write(&dev, 0, "x", 1), -EBADF);
	assert_int_equal(dev_flush(&dev), 0);
	dev_close(&dev);
}

static void test_closed(void **state)
{
	struct dev dev = DEV_CLOSED;
	char buf[1];

	(void)state;
	assert_int_equal(dev_read(&dev, 0, buf, 0), -EBADF);
	assert_int_equal(dev_write(&dev, 0, buf, 0), -EBADF);
	assert_int_equal(dev_flush(&dev), -EBADF);
	assert_int_equal(dev_drop_cache(&dev), -EBADF);
}

/* What is no disk is refused before it is opened. */
static void test_not_a_device(void **state)
{
	char fifo[64];
	struct dev dev = { .fd = 77 };

	(void)state;
	assert_int_equal(dev_open("/dev/null", DEV_READ, &dev), -EINVAL);
	assert_string_equal(fail_text(),
			    "cannot use /dev/null: neither a block device nor a file");
	assert_int_equal(dev_open("/tmp", DEV_READ, &dev), -EINVAL);
	assert_int_equal(dev_open("/nowhere", DEV_READ, &dev), -ENOENT);
	assert_string_equal(fail_text(), "cannot open /nowhere: No such file or directory");
	/* Without the look before the open this would wait for a writer. */
	(void)snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(dev_open(fifo, DEV_READ, &dev), -EINVAL);
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(dev.fd, 77);
}

/* Any offset and length, to the last byte of a file that is no multiple of anything. */
static void test_medium(void **state)
{
	static char was[10000], is[10000];
	struct dev dev;

	(void)state;
	for (size_t i = 0; i < sizeof(was); i++)
		was[i] = (char)(i * 7 + i / 256);
	assert_int_equal(dev_open(path, DEV_WRITE, &dev), 0);
	assert_int_equal(dev_write(&dev, 0, was, sizeof(was)), 0);
	assert_int_equal(dev_flush(&dev), 0);
	dev_close(&dev);
	assert_int_equal(dev_open(path, DEV_MEDIUM, &dev), 0);
	assert_false(dev.writable);
	for (size_t at = 0; at < sizeof(was); at += 509) {
		size_t len = sizeof(was) - at < 4600 ? sizeof(was) - at : 4600;

		memset(is, 0, sizeof(is));
		assert_int_equal(dev_read(&dev, at, is, len), 0);
		assert_memory_equal(is, was + at, len);
	}
	assert_int_equal(dev_read(&dev, 9999, is, 2), -EINVAL);
	dev.size_bytes = 20000;
	assert_int_equal(dev_read(&dev, 9996, is, 8), -EIO);
	assert_int_equal(dev_write(&dev, 0, was, 1), -EBADF);
	dev_close(&dev);
}

/*
 * What a mounted file system changed in its device's cache and did not write, as ext4 does with its
 * superblock, is not on the medium: here the cache says X and the medium Y.
 */
static void test_medium_below_a_cache(void **state)
{
	char buf[3] = "", image[64];
	struct dev dev, file;

	(void)state;
	loop_needed();
	loop_must("umount $MNT");
	(void)snprintf(image, sizeof(image), "%s/image", loop_dir);
	assert_int_equal(dev_open(image, DEV_WRITE, &file), 0);
	assert_int_equal(dev_write(&file, 1023, "XX", 2), 0);
	assert_int_equal(dev_open(loop_dev, DEV_READ, &dev), 0);
	assert_int_equal(dev_drop_cache(&dev), 0);
	assert_int_equal(dev_read(&dev, 1023, buf, 2), 0);
	assert_string_equal(buf, "XX");
	assert_int_equal(dev_write(&file, 1023, "YY", 2), 0);
	dev_close(&file);
	assert_int_equal(dev_read(&dev, 1023, buf, 2), 0);
	assert_string_equal(buf, "XX");
	dev_close(&dev);
	assert_int_equal(dev_open(loop_dev, DEV_MEDIUM, &dev), 0);
	assert_int_equal(dev_read(&dev, 1023, buf, 2), 0);
	assert_string_equal(buf, "YY");
	dev_close(&dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_and_read),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_not_a_device),
		cmocka_unit_test(test_medium),
		cmocka_unit_test_setup_teardown(test_medium_below_a_cache, loop_setup,
						loop_teardown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
