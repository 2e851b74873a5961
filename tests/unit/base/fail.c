/* SPDX-License-Identifier: MIT */
/* The line of the last failure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"

static void test_lines(void **state)
{
	(void)state;
	assert_int_equal(fail(EINVAL, "cannot use %s: it is %d", "x", 3), -EINVAL);
	assert_string_equal(fail_text(), "cannot use x: it is 3");
	assert_int_equal(fail_sys(ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_string_equal(fail_text(), "cannot open /x: No such file or directory");
	assert_int_equal(fail_in(-EIO, "line %d", 7), -EIO);
	assert_string_equal(fail_text(), "line 7: cannot open /x: No such file or directory");
}

static void test_own_text_as_argument(void **state)
{
	(void)state;
	(void)fail(EIO, "one");
	(void)fail(EIO, "two and %s", fail_text());
	assert_string_equal(fail_text(), "two and one");
	(void)fail_in(-EIO, "three and %s", fail_text());
	assert_string_equal(fail_text(), "three and two and one: two and one");
}

static void test_too_long_is_cut(void **state)
{
	char big[2 * FAIL_TEXT_MAX];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(fail_sys(EIO, "%s", big), -EIO);
	assert_int_equal(strlen(fail_text()), FAIL_TEXT_MAX - 1);
	assert_int_equal(fail_in(-EIO, "%s", big), -EIO);
	assert_int_equal(strlen(fail_text()), FAIL_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_own_text_as_argument),
		cmocka_unit_test(test_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
