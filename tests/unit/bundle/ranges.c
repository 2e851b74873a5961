/* SPDX-License-Identifier: MIT */
/* Ranges that are wanted: joined, asked for in order, and forgotten behind the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bundle/ranges.h"

#define GAP RANGES_GAP_BYTES

static void assert_range(const struct range *range, uint64_t at, uint64_t end)
{
	assert_int_equal(range->at_bytes, at);
	assert_int_equal(range->end_bytes, end);
}

static void test_joined(void **state)
{
	struct ranges ranges = { 0 };
	struct range got[4];

	(void)state;
	assert_int_equal(ranges_add(&ranges, 100, 50), 0);
	assert_int_equal(ranges_add(&ranges, 150, 50), 0);		/* touches */
	assert_int_equal(ranges_add(&ranges, 200 + GAP, 10), 0);	/* a gap that is read */
	assert_int_equal(ranges_add(&ranges, 211 + 2 * GAP, 10), 0);	/* one byte more: not */
	assert_int_equal(ranges_from(&ranges, 100, got, 4), 2);
	assert_range(&got[0], 100, 210 + GAP);
	assert_range(&got[1], 211 + 2 * GAP, 221 + 2 * GAP);
	ranges_free(&ranges);
}

static void test_from(void **state)
{
	struct ranges ranges = { 0 };
	struct range got[3];

	(void)state;
	assert_int_equal(ranges_from(&ranges, 0, got, 3), 0);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(ranges_add(&ranges, i * 3 * GAP, GAP), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(ranges_from(&ranges, i * 3 * GAP, got, 3), i < 998 ? 3 : 1000 - i);
		assert_range(&got[0], i * 3 * GAP, i * 3 * GAP + GAP);
		/* From amid it on; behind it nobody has said anything. */
		assert_int_equal(ranges_from(&ranges, i * 3 * GAP + 7, got, 1), 1);
		assert_range(&got[0], i * 3 * GAP + 7, i * 3 * GAP + GAP);
		assert_int_equal(ranges_from(&ranges, i * 3 * GAP + GAP, got, 3), 0);
	}
	/* What is told later may go on where the last one ends. */
	assert_int_equal(ranges_add(&ranges, 999 * 3 * GAP + GAP, 5), 0);
	assert_int_equal(ranges_from(&ranges, 999 * 3 * GAP + GAP, got, 3), 1);
	assert_range(&got[0], 999 * 3 * GAP + GAP, 999 * 3 * GAP + GAP + 5);
	ranges_free(&ranges);
	ranges_free(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
