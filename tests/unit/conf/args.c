/* SPDX-License-Identifier: MIT */
/* Cutting the kernel command line as the kernel does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/args.h"

/* All parameters as "[KEY]" or "[KEY=VALUE]", cut ones with a "!". */
static const char *cut(const char *cmdline)
{
	static char out[2048];
	struct arg arg;
	size_t len = 0;

	out[0] = '\0';
	while (args_next(&cmdline, &arg))
		len += (size_t)snprintf(out + len, sizeof(out) - len, "[%s%s%s%s]",
					arg.cut ? "!" : "", arg.key, arg.has_value ? "=" : "",
					arg.value);
	return out;
}

static void test_plain(void **state)
{
	(void)state;
	assert_string_equal(cut(""), "");
	assert_string_equal(cut(" \t\n"), "");
	assert_string_equal(cut("ro quiet\troot=/dev/vda3\n"), "[ro][quiet][root=/dev/vda3]");
	assert_string_equal(cut("a= b==c =d"), "[a=][b==c][=d]");
	assert_string_equal(cut("root=PARTLABEL=x"), "[root=PARTLABEL=x]");
}

static void test_quotes(void **state)
{
	(void)state;
	assert_string_equal(cut("a=\"b c\" d"), "[a=b c][d]");
	assert_string_equal(cut("\"a=b c\" d"), "[a=b c][d]");
	assert_string_equal(cut("a=b\" \"c d"), "[a=b\" \"c][d]");
	assert_string_equal(cut("\"a b\""), "[a b]");
	assert_string_equal(cut("a=\"b c"), "[a=b c]");
	assert_string_equal(cut("a=\"\" b"), "[a=][b]");
	assert_string_equal(cut("\""), "[]");
	assert_string_equal(cut("\"\" a"), "[][a]");
	assert_string_equal(cut("a=\""), "[a=]");
	assert_string_equal(cut("a=\"--\" b"), "[a=--][b]");
}

static void test_end(void **state)
{
	(void)state;
	assert_string_equal(cut("a -- b"), "[a]");
	assert_string_equal(cut("a --b -c --"), "[a][--b][-c]");
}

static void test_too_long(void **state)
{
	char key[ARG_KEY_MAX + 8], value[ARG_VALUE_MAX + 8], line[512];
	const char *cursor = line;
	struct arg arg;

	(void)state;
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	(void)snprintf(line, sizeof(line), "%.*s=%.*s b", ARG_KEY_MAX - 1, key, ARG_VALUE_MAX - 1,
		       value);
	assert_true(args_next(&cursor, &arg));
	assert_false(arg.cut);
	assert_int_equal(strlen(arg.value), ARG_VALUE_MAX - 1);
	(void)snprintf(line, sizeof(line), "%.*s=v b", ARG_KEY_MAX, key);
	cursor = line;
	assert_true(args_next(&cursor, &arg));
	assert_true(arg.cut);
	(void)snprintf(line, sizeof(line), "k=%.*s b", ARG_VALUE_MAX, value);
	cursor = line;
	assert_true(args_next(&cursor, &arg));
	assert_true(arg.cut);
	assert_true(args_next(&cursor, &arg));
	assert_string_equal(arg.key, "b");
}

static void test_names(void **state)
{
	struct arg arg = { .key = "cowboot.device_timeout" };

	(void)state;
	assert_true(args_is(&arg, "cowboot.device-timeout"));
	assert_true(args_is(&arg, "cowboot.device_timeout"));
	assert_false(args_is(&arg, "cowboot.device-timeou"));
	assert_false(args_is(&arg, "cowboot.device-timeouts"));
	assert_false(args_is(&arg, ""));
}

static const char *of(const char *cmdline, const char *module)
{
	static char out[40];

	return args_of_module(cmdline, module, out, sizeof(out)) ? NULL : out;
}

static void test_parameters_of_a_module(void **state)
{
	const char *line = "quiet ramoops.ecc=1 loop.max_loop=8 ram-oops.x=2 \"ramoops.text=a b\" ramoops.on "
			   "ramoops.=3 ramoops=4 xramoops.y=5";

	(void)state;
	assert_string_equal(of(line, "ramoops"), "ecc=1 text=\"a b\" on");
	assert_string_equal(of(line, "ram_oops"), "x=2");
	assert_string_equal(of(line, "loop"), "max_loop=8");
	assert_string_equal(of(line, "dm_mod"), "");
	assert_string_equal(of("a.b=1 -- a.c=2", "a"), "b=1");
}

static void test_a_word_that_was_cut(void **state)
{
	char line[] = "quiet panic=5\ninit=/sbin/in", one[] = "quiet", whole[] = "quiet ";

	(void)state;
	args_drop_last(line);
	assert_string_equal(line, "quiet panic=5\n");
	args_drop_last(one);
	assert_string_equal(one, "");
	args_drop_last(whole);
	assert_string_equal(whole, "quiet ");
}

static void test_parameters_that_do_not_fit(void **state)
{
	(void)state;
	assert_null(of("m.a=123456789 m.b=123456789 m.c=123456789012345", "m"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_parameters_of_a_module),
		cmocka_unit_test(test_parameters_that_do_not_fit),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_a_word_that_was_cut),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
