/* SPDX-License-Identifier: MIT */
/* Configurations: good ones there and back, bad ones with their words, and each cut short. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "golden.h"

/* Parses a copy that ends where the text ends, so that the sanitizer sees one byte too much. */
static int parse(const char *text, size_t len, struct conf *ret_conf)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = conf_parse(copy, len, ret_conf);
	free(copy);
	return rc;
}

static void round_trip(const char *source, const char *printed)
{
	struct conf conf, again;
	const char *text = golden(source);

	memset(&conf, 0x5a, sizeof(conf));
	assert_int_equal(parse(text, strlen(text), &conf), 0);
	assert_string_equal(golden_printed(&conf), golden(printed));
	text = golden_printed(&conf);
	assert_int_equal(parse(text, strlen(text), &again), 0);
	assert_memory_equal(&again, &conf, sizeof(conf));
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip("full.conf", "full.printed");
	round_trip("small.conf", "small.printed");
	round_trip("full.printed", "full.printed");
}

static void test_fields(void **state)
{
	const char *text = golden("full.conf");
	struct conf conf;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &conf), 0);
	assert_string_equal(conf.board, "test-board");
	assert_string_equal(conf.data.name, "data");
	assert_int_equal(conf.volume_count, 3);
	assert_string_equal(conf.volume[0].name, "system");
	assert_string_equal(conf.volume[0].dir, "/");
	assert_string_equal(conf.volume[1].name, "vendor");
	assert_string_equal(conf.volume[1].options, "ro,nodev,nosuid");
	assert_string_equal(conf.volume[2].name, "vendor-lib");
	assert_int_equal(conf.recovery, GIVEUP_REBOOT);
	assert_true(conf_locked(&conf));
	assert_false(conf.overrides);
	assert_true(conf.take_unsigned);
	assert_int_equal(conf.signatures, 16);
	assert_string_equal(conf.init, "/usr/lib/systemd/systemd");
	assert_ptr_equal(conf_volume(&conf, "vendor"), &conf.volume[1]);
	assert_null(conf_volume(&conf, "data"));
	assert_null(conf_volume(&conf, ""));
}

/* Runs one case of the golden file: its text, and the words it must fail with. */
static void check_error(const char *name, const char *text, const char *words)
{
	struct conf conf, before;

	memset(&conf, 0x5a, sizeof(conf));
	memcpy(&before, &conf, sizeof(conf));
	if (parse(text, strlen(text), &conf) != -EINVAL || strcmp(fail_text(), words) != 0)
		print_error("case '%s'\n", name);
	assert_int_equal(parse(text, strlen(text), &conf), -EINVAL);
	assert_string_equal(fail_text(), words);
	assert_memory_equal(&conf, &before, sizeof(conf));
}

static void test_errors(void **state)
{
	char *cursor = golden("errors"), *line, text[2048] = "", name[128] = "";
	int cases = 0;

	(void)state;
	while ((line = golden_line(&cursor))) {
		if (strncmp(line, "=== ", 4) == 0) {
			(void)snprintf(name, sizeof(name), "%s", line + 4);
			text[0] = '\0';
		} else if (strncmp(line, "--> ", 4) == 0) {
			check_error(name, text, line + 4);
			cases++;
		} else {
			assert_true(strlen(text) + strlen(line) + 2 < sizeof(text));
			(void)strcat(strcat(text, line), "\n");
		}
	}
	print_message("%d cases\n", cases);
	assert_true(cases >= 49);
}

static void test_bytes(void **state)
{
	struct conf conf;

	(void)state;
	assert_int_equal(parse("board b\0\n", 9, &conf), -EINVAL);
	assert_string_equal(fail_text(), "line 1: more than 8 words or 511 bytes, or a control "
			    "character");
	assert_int_equal(parse("board b\r\n", 9, &conf), -EINVAL);
	assert_int_equal(parse("\xff\xfe" "b\0o\0", 6, &conf), -EINVAL);
}

/* Cut anywhere, it parses whole or says why not, and never half. */
static void test_cut(void **state)
{
	const char *text = golden("small.conf");
	struct conf conf, whole;
	size_t len = strlen(text);

	(void)state;
	assert_int_equal(parse(text, len, &whole), 0);
	/* Less than the newline and half of the last word, which is an option then. */
	for (size_t cut = 0; cut < len - 2; cut++)
		assert_int_equal(parse(text, cut, &conf), -EINVAL);
	assert_int_equal(parse(text, len - 1, &conf), 0);
	assert_memory_equal(&conf, &whole, sizeof(conf));
}

static void test_twice(void **state)
{
	const char *text = golden("full.conf");
	struct conf conf;
	char *cursor, *line, twice[512];
	int keys = 0;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &conf), 0);
	cursor = golden_printed(&conf);
	while ((line = golden_line(&cursor))) {
		if (*line == '#' || strncmp(line, "volume", 6) == 0 ||
		    strncmp(line, "cmdline-keep", 12) == 0)
			continue;
		(void)snprintf(twice, sizeof(twice), "%s\n%s\n", line, line);
		assert_int_equal(parse(twice, strlen(twice), &conf), -EINVAL);
		assert_non_null(strstr(fail_text(), "was given already, on line 1"));
		keys++;
	}
	assert_int_equal(keys, 28);
}

/* The longest that fits, and one more. */
static void test_lengths(void **state)
{
	static const struct {
		const char *before, *after;
		size_t max;
	} fields[] = {
		{ "meta /dev/", "\n", CONF_SPEC_MAX - 1 - 5 },
		{ "data PARTLABEL=d /", " ext4 noatime\n", CONF_PATH_MAX - 1 - 1 },
		{ "data PARTLABEL=d /d ", " noatime\n", 15 },
		{ "data PARTLABEL=d /d ext4 ", "\n", CONF_OPTIONS_MAX - 1 },
		{ "volume a PARTLABEL=d / ext4 ", "\n", CONF_OPTIONS_MAX - 1 - 3 },
	};
	char text[512], word[256];
	struct conf conf;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (size_t len = fields[i].max; len <= fields[i].max + 1; len++) {
			memset(word, 'x', len);
			word[len] = '\0';
			(void)snprintf(text, sizeof(text), "%s%s%s", fields[i].before, word,
				       fields[i].after);
			assert_int_equal(parse(text, strlen(text), &conf), -EINVAL);
			/* All lack something else; only a longer one fails for its length. */
			assert_int_equal(!!strstr(fail_text(), "longer than"), len > fields[i].max);
		}
	}
}

/* What an init of another version has printed: everybody else must go on reading a file. */
static void test_printed_by_another(void **state)
{
	static const char newer[] = "board b\nmeta /dev/m\ndata /dev/d /data ext4 rw\n"
				    "volume s /dev/s / ext4 ro\nfuture-key 1 2 3\ntries 5\n";
	static const char earlier[] = "board b\nmeta /dev/m\ndata /dev/d /data ext4 rw\n"
				      "volume s /dev/s / ext4 ro\nvolume k /dev/k /boot ext4 ro\n";
	static const char parts[] = "board b\nmeta /dev/m\ndata /dev/d /data ext4 rw\n";
	struct conf conf;

	(void)state;
	assert_int_equal(parse(newer, strlen(newer), &conf), -EINVAL);
	assert_int_equal(conf_parse_printed(newer, strlen(newer), &conf), 0);
	assert_int_equal(conf.tries, 5);
	assert_int_equal(parse(earlier, strlen(earlier), &conf), -EINVAL);
	assert_int_equal(conf_parse_printed(earlier, strlen(earlier), &conf), 0);
	assert_int_equal(conf.volume_count, 2);
	assert_int_equal(conf_parse_printed(parts, strlen(parts), &conf), -EINVAL);
}

/* An older command reads it as well: of a board that says nothing more, nothing more is printed. */
static void test_printed_for_another(void **state)
{
	static const char text[] = "board b\nmeta /dev/m\ndata /dev/d /data ext4 rw\n"
				   "volume s /dev/s / ext4 ro\n";
	struct conf conf;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &conf), 0);
	assert_string_equal(golden_printed(&conf), text);
}

static void test_print_bounds(void **state)
{
	const char *text = golden("full.conf");
	struct conf conf;
	char buf[8192];
	size_t len;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &conf), 0);
	len = strlen(golden_printed(&conf));
	assert_int_equal(conf_print(&conf, buf, len + 1), 0);
	assert_int_equal(conf_print(&conf, buf, len), -ENOSPC);
	assert_int_equal(conf_print(&conf, buf, 1), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_printed_by_another),
		cmocka_unit_test(test_printed_for_another),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_print_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
