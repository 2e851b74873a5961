/* SPDX-License-Identifier: MIT */
/* Lines, numbers, names, hex, and the buffer that text is added to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/* A copy that ends where the text ends, so that the sanitizer sees one byte too much. */
struct exact {
	char *begin;
	const char *end;
};

static struct exact exact(const void *text, size_t len)
{
	struct exact e;

	e.begin = malloc(len ? len : 1);
	assert_non_null(e.begin);
	memcpy(e.begin, text, len);
	e.end = e.begin + len;
	return e;
}

static int first_line(const void *text, size_t len, struct text_line *line)
{
	struct exact e = exact(text, len);
	const char *cursor = e.begin;
	int rc;

	*line = (struct text_line){ .number = 0 };
	rc = text_next_line(&cursor, e.end, line);
	assert_true(cursor <= e.end);
	free(e.begin);
	return rc;
}

static void test_lines(void **state)
{
	static const char text[] = "# comment\n\n \t\n key  value\t# more\nlast one#two";
	struct exact e = exact(text, strlen(text));
	struct text_line line = { .number = 0 };
	const char *cursor = e.begin;

	(void)state;
	assert_int_equal(text_next_line(&cursor, e.end, &line), 1);
	assert_int_equal(line.number, 4);
	assert_int_equal(line.count, 2);
	assert_string_equal(line.word[0], "key");
	assert_string_equal(line.word[1], "value");
	assert_int_equal(text_next_line(&cursor, e.end, &line), 1);
	assert_int_equal(line.number, 5);
	assert_int_equal(line.count, 2);
	assert_string_equal(line.word[1], "one#two");
	assert_int_equal(text_next_line(&cursor, e.end, &line), 0);
	assert_int_equal(text_next_line(&cursor, e.end, &line), 0);
	free(e.begin);
}

static void test_line_limits(void **state)
{
	char long_line[TEXT_LINE_MAX + 1];
	struct text_line line;

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	assert_int_equal(first_line(long_line, TEXT_LINE_MAX - 1, &line), 1);
	assert_int_equal(strlen(line.word[0]), TEXT_LINE_MAX - 1);
	assert_int_equal(first_line(long_line, TEXT_LINE_MAX, &line), -EINVAL);
	assert_int_equal(line.number, 1);
	assert_int_equal(first_line("1 2 3 4 5 6 7 8", 15, &line), 1);
	assert_int_equal(line.count, 8);
	assert_int_equal(first_line("1 2 3 4 5 6 7 8 9", 17, &line), -EINVAL);
	assert_int_equal(first_line("1 2 3 4 5 6 7 8 #", 17, &line), 1);
}

static void test_line_bytes(void **state)
{
	struct text_line line;

	(void)state;
	assert_int_equal(first_line("", 0, &line), 0);
	assert_int_equal(first_line("\n", 1, &line), 0);
	assert_int_equal(first_line("a\0b\n", 4, &line), -EINVAL);
	assert_int_equal(first_line("a\r\n", 3, &line), -EINVAL);
	assert_int_equal(first_line("a\x7f", 2, &line), -EINVAL);
	assert_int_equal(first_line("\xc3\xa9 \xff", 4, &line), 1);
}

static void test_number(void **state)
{
	uint64_t value = 99;

	(void)state;
	assert_int_equal(text_number("0", 0, &value), 0);
	assert_true(value == 0);
	assert_int_equal(text_number("18446744073709551615", UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	value = 99;
	assert_int_equal(text_number("18446744073709551616", UINT64_MAX, &value), -ERANGE);
	assert_int_equal(text_number("99999999999999999999999", UINT64_MAX, &value), -ERANGE);
	assert_int_equal(text_number("101", 100, &value), -ERANGE);
	assert_int_equal(text_number("6", 5, &value), -ERANGE);
	assert_int_equal(text_number("", 100, &value), -EINVAL);
	assert_int_equal(text_number("-1", 100, &value), -EINVAL);
	assert_int_equal(text_number("+1", 100, &value), -EINVAL);
	assert_int_equal(text_number(" 1", 100, &value), -EINVAL);
	assert_int_equal(text_number("1k", 100, &value), -EINVAL);
	assert_int_equal(text_number("0x1", 100, &value), -EINVAL);
	assert_true(value == 99);
	assert_int_equal(text_number("100", 100, &value), 0);
	assert_true(value == 100);
	assert_int_equal(text_number("007", 7, &value), 0);
	assert_true(value == 7);
}

static void test_copy(void **state)
{
	char buf[4] = "old";

	(void)state;
	assert_int_equal(text_copy(buf, sizeof(buf), "four"), -ENAMETOOLONG);
	assert_string_equal(buf, "old");
	assert_int_equal(text_copy(buf, sizeof(buf), "new"), 0);
	assert_string_equal(buf, "new");
	assert_int_equal(text_copy(buf, 0, ""), -ENAMETOOLONG);
}

static void test_name(void **state)
{
	(void)state;
	assert_true(text_is_name("system"));
	assert_true(text_is_name("0_a-b"));
	assert_true(text_is_name("a23456789012345678901234567890a"));
	assert_false(text_is_name("a23456789012345678901234567890ab"));
	assert_false(text_is_name(""));
	assert_false(text_is_name("-a"));
	assert_false(text_is_name("_a"));
	assert_false(text_is_name("A"));
	assert_false(text_is_name("a/b"));
	assert_false(text_is_name("a.b"));
	assert_false(text_is_name("a b"));
	assert_false(text_is_name("\xc3\xa9"));
}

static void test_hex(void **state)
{
	const uint8_t bytes[4] = { 0x00, 0x9f, 0xab, 0xff };
	uint8_t back[4] = { 1, 1, 1, 1 };
	char text[9];

	(void)state;
	text_hex(text, bytes, 4);
	assert_string_equal(text, "009fabff");
	assert_int_equal(text_unhex("009fabf", back, 4), -EINVAL);
	assert_int_equal(text_unhex("009fabff0", back, 4), -EINVAL);
	assert_int_equal(text_unhex("009fabff00", back, 4), -EINVAL);
	assert_int_equal(text_unhex("009fabfg", back, 4), -EINVAL);
	assert_int_equal(text_unhex("009fabFF", back, 4), -EINVAL);
	assert_int_equal(back[3], 1);
	assert_int_equal(text_unhex(text, back, 4), 0);
	assert_memory_equal(back, bytes, 4);
	text_hex(text, bytes, 0);
	assert_string_equal(text, "");
}

static void test_add(void **state)
{
	struct text_out out;
	char buf[8];

	(void)state;
	text_begin(&out, buf, sizeof(buf));
	assert_string_equal(buf, "");
	text_add(&out, "%d,", 123);
	text_add(&out, "%s", "456");
	assert_string_equal(buf, "123,456");
	assert_int_equal(out.len_bytes, 7);
	assert_false(out.full);
	text_add(&out, "7");
	assert_true(out.full);
	assert_string_equal(buf, "123,456");
}

static void test_add_keeps_no_halves(void **state)
{
	struct text_out out;
	char buf[8];

	(void)state;
	text_begin(&out, buf, sizeof(buf));
	text_add(&out, "12345");
	text_add(&out, "678");
	assert_true(out.full);
	assert_string_equal(buf, "12345");
	/* Nothing comes after a gap, though it would fit. */
	text_add(&out, "9");
	assert_string_equal(buf, "12345");
	text_begin(&out, NULL, 0);
	text_add(&out, "x");
	assert_true(out.full);
}

static const char *json(const char *s)
{
	static char buf[256];
	struct text_out out;

	text_begin(&out, buf, sizeof(buf));
	text_add_json(&out, s);
	assert_false(out.full);
	return buf;
}

static void test_json(void **state)
{
	(void)state;
	assert_string_equal(json(""), "\"\"");
	assert_string_equal(json("a/b"), "\"a/b\"");
	assert_string_equal(json("\"\\"), "\"\\\"\\\\\"");
	assert_string_equal(json("\n\t\x01\x7f"), "\"\\u000a\\u0009\\u0001\\u007f\"");
	assert_string_equal(json("%s%n"), "\"%s%n\"");
}

static void test_json_utf8(void **state)
{
	(void)state;
	assert_string_equal(json("é€😀"), "\"é€😀\"");
	/* The first and last that are allowed next to what is not. */
	assert_string_equal(json("\xc2\x80\xe0\xa0\x80\xed\x9f\xbf"),
			    "\"\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\"");
	assert_string_equal(json("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
			    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
	assert_string_equal(json("\xff" "a\x80"), "\"?a?\"");
	assert_string_equal(json("\xc0\xaf"), "\"??\"");		/* overlong */
	assert_string_equal(json("\xe0\x80\xaf"), "\"???\"");		/* overlong */
	assert_string_equal(json("\xf0\x80\x80\xaf"), "\"????\"");	/* overlong */
	assert_string_equal(json("\xed\xa0\x80"), "\"???\"");		/* surrogate */
	assert_string_equal(json("\xf4\x90\x80\x80"), "\"????\"");	/* beyond U+10FFFF */
	assert_string_equal(json("\xe2\x82"), "\"??\"");		/* cut at the end */
	assert_string_equal(json("\xc3" "\""), "\"?\\\"\"");		/* the quote is not eaten */
}

/* Of what a disk says nothing may reach a terminal that it would obey. */
static void nothing_for_a_terminal(void **state)
{
	char text[] = "a\033[2Jb\x7f\n\tc\xc2\x9b" "d\x9b" "e\xc3\xa4\xff", nothing[] = "";

	(void)state;
	text_blot(text);
	assert_string_equal(text, "a?[2Jb?\n\tc??d?e\xc3\xa4?");
	text_blot(nothing);
	assert_string_equal(nothing, "");
	/* Nor may a name look like a line of its own. */
	strcpy(text, "a\n 2 b\t\r\033\xc3\xa4");
	text_blot_line(text);
	assert_string_equal(text, "a? 2 b???\xc3\xa4");
	text_blot_line(nothing);
	assert_string_equal(nothing, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_for_a_terminal),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_limits),
		cmocka_unit_test(test_line_bytes),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_keeps_no_halves),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
