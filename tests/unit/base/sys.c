/* SPDX-License-Identifier: MIT */
/* The harmless part of the seam: files, clocks, random bytes. Boots in QEMU see to the rest. */
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
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"

static char folder[] = "/tmp/cowboot-sys-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(in_folder("file"));
	(void)rmdir(in_folder("dir"));
	return rmdir(folder);
}

static void test_files(void **state)
{
	char buf[8] = "old";
	size_t len = 99;

	(void)state;
	assert_int_equal(sys_read_file(in_folder("file"), buf, sizeof(buf), &len), -ENOENT);
	assert_int_equal(sys_write_file(in_folder("file"), "1234567", 7), 0);
	assert_int_equal(sys_read_file(in_folder("file"), buf, 7, &len), -EFBIG);
	assert_int_equal(strlen(buf), 6);
	assert_int_equal(len, 99);
	assert_int_equal(sys_read_file(in_folder("file"), buf, 8, &len), 0);
	assert_int_equal(len, 7);
	assert_string_equal(buf, "1234567");
	assert_int_equal(sys_write_file(in_folder("file"), "x", 1), 0);
	assert_int_equal(sys_read_file(in_folder("file"), buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, "x");
	assert_int_equal(sys_read_file(in_folder("file"), buf, 0, NULL), -EFBIG);
	assert_int_equal(sys_write_file("/nowhere/file", "x", 1), -ENOENT);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(sys_write_file(in_folder("file"), "x", 1), 0);
	assert_int_equal(sys_mkdir(in_folder("dir"), 0755), 0);
	assert_int_equal(sys_mkdir(in_folder("dir"), 0755), 0);
	assert_int_equal(sys_mkdir(in_folder("file"), 0755), -EEXIST);
	assert_true(sys_is_dir(in_folder("dir")));
	assert_false(sys_is_dir(in_folder("file")));
	assert_false(sys_is_dir(in_folder("none")));
	assert_false(sys_is_program(in_folder("file")));
	assert_int_equal(chmod(in_folder("file"), 0100), 0);
	assert_true(sys_is_program(in_folder("file")));
	assert_false(sys_is_program(in_folder("dir")));
	assert_int_equal(sys_unlink(in_folder("file")), 0);
	assert_int_equal(sys_unlink(in_folder("file")), -ENOENT);
}

static void test_fs_dev(void **state)
{
	dev_t dev = 77, same;
	struct stat st;

	(void)state;
	assert_int_equal(sys_fs_dev("/nowhere/at/all", &dev), -ENOENT);
	assert_true(dev == 77);
	assert_int_equal(sys_fs_dev(folder, &dev), 0);
	assert_int_equal(stat(folder, &st), 0);
	same = st.st_dev;
	assert_true(dev == same);
}

static void test_errors_come_back(void **state)
{
	char *argv[] = { NULL };
	int rc;

	(void)state;
	assert_int_equal(sys_exec("/nowhere/init", argv, argv), -ENOENT);
	assert_int_equal(sys_load_module("/nowhere.ko", ""), -ENOENT);
	rc = sys_umount("/nowhere", 0);
	/* Whether a kernel looks for the path or for the right to unmount first, is its own affair. */
	assert_true(rc == -ENOENT || (geteuid() && rc == -EPERM));
	assert_int_equal(sys_chdir("/nowhere"), -ENOENT);
}

static void test_clocks(void **state)
{
	uint64_t before_ms = sys_now_ms();

	(void)state;
	sys_sleep_ms(20);
	assert_true(sys_now_ms() >= before_ms + 20);
	assert_true(sys_now_ms() < before_ms + 5000);
	assert_true(sys_wall_s() == 0 || sys_wall_s() > 1577836800);
}

static void test_random(void **state)
{
	uint8_t a[300] = { 0 }, b[300] = { 0 };

	(void)state;
	assert_int_equal(sys_random(a, sizeof(a)), 0);
	assert_int_equal(sys_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(sys_random(a, 0), 0);
}

static void test_release(void **state)
{
	struct utsname names;
	char buf[256], small[4];

	(void)state;
	assert_int_equal(uname(&names), 0);
	assert_int_equal(sys_kernel_release(buf, sizeof(buf)), 0);
	assert_memory_equal(buf, names.release, strlen(names.release));
	assert_int_equal(buf[strlen(names.release)], ' ');
	assert_string_equal(buf + strlen(names.release) + 1, names.version);
	assert_int_equal(sys_kernel_release(small, sizeof(small)), -ENAMETOOLONG);
}

/*
 * A program started with closed descriptors: what it opens first must not become its standard error,
 * or each message would be written into it.
 */
static void test_closed_descriptors(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		unsigned closed;
		int fd;

		close(STDIN_FILENO);
		close(STDERR_FILENO);
		closed = sys_hold_standard();
		fd = open("/dev/zero", O_RDWR);
		_exit(closed == 5 && fd > STDERR_FILENO && write(STDERR_FILENO, "x", 1) == 1 &&
		      !sys_hold_standard() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_fs_dev),
		cmocka_unit_test(test_errors_come_back),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_closed_descriptors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
