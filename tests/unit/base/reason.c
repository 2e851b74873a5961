/* SPDX-License-Identifier: MIT */
/*
 * Reasons: each code is one word, and each is found again from the line that the record keeps.
 * tests/host/test_reasons.py compares the table with the documents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/reason.h"
#include "state/record.h"

static void every_reason_has_a_code_of_its_own(void **state)
{
	(void)state;
	for (unsigned r = REASON_NONE + 1; r < REASON_COUNT; r++) {
		const char *code = reason_code((enum reason)r);

		assert_true(strlen(code) > 0 && strspn(code, "abcdefghijklmnopqrstuvwxyz-") ==
			    strlen(code));
		for (unsigned other = REASON_NONE + 1; other < r; other++)
			assert_string_not_equal(code, reason_code((enum reason)other));
	}
}

static void every_reason_is_found_in_its_line(void **state)
{
	const char *detail;
	char line[400];

	(void)state;
	for (unsigned r = REASON_NONE + 1; r < REASON_COUNT; r++) {
		const char *text = reason_text((enum reason)r);

		/* A detail has room in the record. */
		assert_true(strlen(text) > 0 && strlen(text) < RECORD_REASON_MAX / 2);
		assert_int_equal(reason_find(text, &detail), r);
		assert_string_equal(detail, "");
		snprintf(line, sizeof(line), "%s: %s", text, "a detail: with this, too");
		assert_int_equal(reason_find(line, &detail), r);
		assert_string_equal(detail, "a detail: with this, too");
		snprintf(line, sizeof(line), "%s and more", text);
		assert_int_equal(reason_find(line, &detail), REASON_NONE);
	}
}

static void what_earlier_versions_wrote_is_found(void **state)
{
	const char *detail;

	(void)state;
	assert_int_equal(reason_find("its install was cut", &detail), REASON_INSTALL_CUT);
	assert_string_equal(detail, "");
	assert_int_equal(reason_find("an image was put onto system in recovery", &detail),
			 REASON_IMAGE_PUT);
	assert_string_equal(detail, "system in recovery");
}

static void no_reason_has_no_code(void **state)
{
	const char *detail;

	(void)state;
	assert_null(reason_code(REASON_NONE));
	assert_string_equal(reason_text(REASON_NONE), "");
	assert_null(reason_code(REASON_COUNT));
	assert_int_equal(reason_find("", &detail), REASON_NONE);
	assert_int_equal(reason_find("a store", &detail), REASON_NONE);
	assert_string_equal(detail, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_code_of_its_own),
		cmocka_unit_test(every_reason_is_found_in_its_line),
		cmocka_unit_test(what_earlier_versions_wrote_is_found),
		cmocka_unit_test(no_reason_has_no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
