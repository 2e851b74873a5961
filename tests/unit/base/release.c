/* SPDX-License-Identifier: MIT */
/* Releases and days: one spelling each, in their order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/release.h"

static void releases_in_their_order(void **state)
{
	static const char *const ascending[] = {
		"0.1", "0.2", "0.10", "0.4294967295", "1.0", "1.1", "2.0", "10.0", "4294967295.4294967295",
	};
	uint64_t before = 0, release;
	char text[RELEASE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++, before = release) {
		assert_int_equal(release_parse(ascending[i], &release), 0);
		assert_true(release > before);
		release_text(release, text);
		assert_string_equal(text, ascending[i]);
	}
}

static void what_is_no_release(void **state)
{
	static const char *const bad[] = {
		"", ".", "1", "1.", ".1", "0.0", "01.1", "1.01", "00.1", "1.00", "1.1.1", "1. 1", " 1.1", "1.1 ",
		"-1.1", "+1.1", "1.+1", "1.-1", "4294967296.0", "0.4294967296", "0.99999999999999999999", "1.a",
		"0x1.1", "1,1", "1.1\n",
	};
	uint64_t release = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(release_parse(bad[i], &release), -EINVAL);
	assert_int_equal(release, 77);
}

/* Every day that there is, as the C library has it. */
static void every_day(void **state)
{
	(void)state;
	for (uint32_t day = 1; day <= DAY_LAST; day += day % 1000 < 800 ? 1 : 97) {
		const time_t seconds = (time_t)day * DAY_SECONDS;
		char text[DAY_TEXT_MAX], expect[64];
		uint32_t back = 0;
		struct tm tm;

		assert_non_null(gmtime_r(&seconds, &tm));
		snprintf(expect, sizeof(expect), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
			 tm.tm_mday);
		day_text(day, text);
		assert_string_equal(text, expect);
		assert_int_equal(day_parse(text, &back), 0);
		assert_int_equal(back, day);
	}
}

static void what_is_no_day(void **state)
{
	static const char *const bad[] = {
		"", "2026", "1970-01-01", "1969-12-31", "0000-01-01", "10000-01-01", "2026-00-01", "2026-13-01",
		"2026-01-00", "2026-01-32", "2026-04-31", "2026-02-29", "2100-02-29", "2026-1-01", "2026-01-1",
		"2026/01/01", "2026-01/01", "2026-01-01 ", " 2026-01-01", "2026-01-0a", "2o26-01-01", "+026-01-01",
	};
	static const char *const good[] = { "2024-02-29", "2000-02-29", "1970-01-02", "9999-12-31" };
	uint32_t day = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(day_parse(bad[i], &day), -EINVAL);
	assert_int_equal(day, 77);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(day_parse(good[i], &day), 0);
	assert_int_equal(day, DAY_LAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(releases_in_their_order),
		cmocka_unit_test(what_is_no_release),
		cmocka_unit_test(every_day),
		cmocka_unit_test(what_is_no_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
