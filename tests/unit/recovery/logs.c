/* SPDX-License-Identifier: MIT */
/* Picking lines out of a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "recovery/logs.h"

static void keeps(const char *from, const char *want)
{
	char text[256];

	strcpy(text, from);
	assert_int_equal(logs_keep(text, "cowboot: "), strlen(want));
	assert_string_equal(text, want);
}

static void the_lines_with_the_word(void **state)
{
	(void)state;
	keeps("", "");
	keeps("a\nb\n", "");
	keeps("[1] cowboot: a\n[2] b\n[3] cowboot: c\n", "[1] cowboot: a\n[3] cowboot: c\n");
	keeps("b\n[3] cowboot: c", "[3] cowboot: c");
	keeps("cow\nboot: \n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lines_with_the_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
