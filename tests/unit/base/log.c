/* SPDX-License-Identifier: MIT */
/* The log line: grammar, level, and that no text can start a line of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/log.h"

static char last[2048];
static enum log_level last_level;

static void keep(enum log_level level, const char *line)
{
	last_level = level;
	(void)snprintf(last, sizeof(last), "%s", line);
}

static void test_grammar(void **state)
{
	(void)state;
	log_setup("cowboot-init", keep, LOG_NOTE);
	log_warn("cannot find %s", "PARTLABEL=x");
	assert_string_equal(last, "cowboot-init: cannot find PARTLABEL=x");
	assert_int_equal(last_level, LOG_WARN);
}

static void test_level(void **state)
{
	(void)state;
	log_setup("p", keep, LOG_NOTE);
	last[0] = '\0';
	log_info("too much");
	assert_string_equal(last, "");
	log_note("enough");
	assert_string_equal(last, "p: enough");
}

static void test_one_line(void **state)
{
	char big[4000];

	(void)state;
	log_setup("p", keep, LOG_INFO);
	log_error("a\nb\rc\x1b[2J\x7f é");
	assert_string_equal(last, "p: a?b?c?[2J? é");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_error("%s", big);
	assert_int_equal(strlen(last), LIMIT_LINE_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
