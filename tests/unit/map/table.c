/* SPDX-License-Identifier: MIT */
/* Table lines as the kernel reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "map/table.h"

static const struct map_disk origin = { 259, 3 }, store = { 254, 17 };

static void lines(void **unused)
{
	char buf[TABLE_PARAMS_MAX];

	(void)unused;
	assert_int_equal(table_linear(buf, sizeof(buf), origin, 0), 0);
	assert_string_equal(buf, "259:3 0");
	assert_int_equal(table_linear(buf, sizeof(buf), store, UINT64_MAX), 0);
	assert_string_equal(buf, "254:17 18446744073709551615");
	assert_int_equal(table_snapshot(buf, sizeof(buf), origin, store, 8), 0);
	assert_string_equal(buf, "259:3 254:17 P 8");
	assert_int_equal(table_snapshot(buf, sizeof(buf), origin, store, 2097152), 0);
	assert_string_equal(buf, "259:3 254:17 P 2097152");
}

/* The zero byte must fit as well: a cut number is another number. */
static void never_cut(void **unused)
{
	char buf[TABLE_PARAMS_MAX];

	(void)unused;
	assert_int_equal(table_linear(buf, 7, origin, 0), -ENAMETOOLONG);
	assert_int_equal(table_linear(buf, 8, origin, 0), 0);
	assert_int_equal(table_snapshot(buf, 16, origin, store, 8), -ENAMETOOLONG);
	assert_int_equal(table_snapshot(buf, 17, origin, store, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(never_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
