/* SPDX-License-Identifier: MIT */
/* A file that may be written over: made whole, opened in every way, and each write where it belongs. */
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
#undef fail

#include "base/fail.h"
#include "storage/spare.h"

static char dir[] = "/tmp/spare.XXXXXX", path[64];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/disk", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void test_look(void **state)
{
	char name[BLOCK_NAME_MAX] = "x";
	bool is_file = false;

	(void)state;
	assert_int_equal(spare_look(path, &is_file, name), -ENOENT);
	assert_int_equal(spare_look(dir, &is_file, name), -EINVAL);
	assert_non_null(strstr(fail_text(), "neither a block device nor a file"));
	assert_int_equal(spare_look("/dev/null", &is_file, name), -EINVAL);
	assert_int_equal(spare_look("/proc/self/exe", &is_file, name), 0);
	assert_true(is_file);
	assert_string_equal(name, "");
}

static void test_make(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(spare_make(path, 1 << 20), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	assert_true(st.st_blocks * 512 >= st.st_size);	/* no holes, for writes must not allocate */
	assert_int_equal(spare_make(path, 1 << 20), -EEXIST);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(spare_make(path, UINT64_C(1) << 62) < 0, 1);
	assert_int_equal(access(path, F_OK), -1);	/* and nothing is left of it */
}

static void test_write(void **state)
{
	static _Alignas(4096) uint8_t block[4096], got[3 * 4096];
	struct spare s;

	(void)state;
	assert_int_equal(spare_open(path, &s), -ENOENT);
	spare_close(&s);
	assert_int_equal(spare_make(path, sizeof(got)), 0);
	assert_int_equal(spare_open(path, &s), 0);
	assert_int_equal(s.dev.size_bytes, sizeof(got));
	for (int durable = 0; durable < 2; durable++) {
		memset(block, 'a' + durable, sizeof(block));
		assert_int_equal(spare_write(&s, durable, 4096 * (durable + 1u), block,
					     sizeof(block)), 0);
	}
	assert_int_equal(dev_read(&s.medium, 0, got, sizeof(got)), 0);
	for (size_t i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], i < 4096 ? 0 : i < 8192 ? 'a' : 'b');
	assert_true(fcntl(s.durable_fd, F_GETFL) & O_DSYNC);
	assert_false(fcntl(s.direct_fd, F_GETFL) & O_DSYNC);
	spare_close(&s);
	assert_int_equal(s.direct_fd, -1);
	assert_int_equal(spare_write(&s, true, 0, block, sizeof(block)), -EBADF);
	spare_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
