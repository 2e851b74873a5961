/* SPDX-License-Identifier: MIT */
/* Whole options of ext4, and no parts of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "storage/storefile.h"
#include "storage/storefs.h"

static void test_option(void **state)
{
	(void)state;
	assert_true(storefs_has_option("rw\ndata=journal\nusrquota\n", "data=journal"));
	assert_true(storefs_has_option("data=journal", "data=journal"));
	assert_false(storefs_has_option("rw\ndata=ordered\n", "data=journal"));
	assert_false(storefs_has_option("rw\nxdata=journal\n", "data=journal"));
	assert_false(storefs_has_option("rw\ndata=journalx\n", "data=journal"));
	assert_false(storefs_has_option("\n\n", "data=journal"));
	assert_false(storefs_has_option("", "data=journal"));
}

static void test_not_ext4(void **state)
{
	(void)state;
	assert_int_equal(storefile_check_fs(&(struct store_dir){ .path = "/proc/." }), -ENOTSUP);
	assert_string_equal(fail_text(), "cannot keep stores on /proc/.: it is not ext4");
	assert_int_equal(storefile_check_fs(&(struct store_dir){ .path = "/nowhere/x" }), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_option),
		cmocka_unit_test(test_not_ext4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
