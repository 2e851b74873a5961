/* SPDX-License-Identifier: MIT */
/* Names and texts of boot entries (src/loader/bootentry.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "loader/bootentry.h"

#define ENTRY_A "title cowboot a\nversion 7\nefi /cowboot/a.efi\noptions quiet cowboot.slot=a\n"

static void is(const char *name, char slot, bool counted, unsigned left)
{
	struct bootentry_name found;

	assert_true(bootentry_parse(name, &found));
	assert_true(found.slot == slot && found.is_counted == counted && found.left == left);
}

static void names(void **state)
{
	(void)state;
	is("cowboot-a.conf", 'a', false, 0);
	is("cowboot-b+3.conf", 'b', true, 3);
	is("cowboot-b+0-3.conf", 'b', true, 0);
}

static void names_that_are_none(void **state)
{
	static const char *const ours[] = { "cowboot-a.conf.new", "cowboot-a+.conf", "cowboot-b+x.conf",
					    "cowboot-b+1000.conf", "cowboot-b", "cowboot-a+3-.txt" };
	struct bootentry_name found = { .slot = 'x' };

	(void)state;
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		assert_true(bootentry_is_ours(ours[i]));
		assert_false(bootentry_parse(ours[i], &found));
	}
	assert_false(bootentry_is_ours("cowboot-c.conf"));
	assert_false(bootentry_is_ours("cowboot-"));
	assert_false(bootentry_is_ours("debian.conf"));
	assert_false(bootentry_parse("debian.conf", &found));
	assert_true(found.slot == 'x');
}

static void texts(void **state)
{
	unsigned version = 0;

	(void)state;
	assert_true(bootentry_text_ok(ENTRY_A, 'a', &version));
	assert_int_equal(version, 7);
	assert_false(bootentry_text_ok(ENTRY_A, 'b', &version));
	assert_false(bootentry_text_ok("", 'a', &version));
	assert_false(bootentry_text_ok("####################", 'a', &version));
	assert_false(bootentry_text_ok("x\nversion 1\nefi /cowboot/a.efi\n", 'a', &version));
	assert_false(bootentry_text_ok("x\nefi /cowboot/a.efi\noptions cowboot.slot=a\n", 'a', &version));
	assert_false(bootentry_text_ok("x\nversion 1\nefi /cowboot/b.efi\noptions cowboot.slot=a\n", 'a',
				       &version));
	assert_false(bootentry_text_ok("x\nversion 0\nefi /cowboot/a.efi\noptions cowboot.slot=a\n", 'a',
				       &version));
}

#define REST "efi /cowboot/a.efi\noptions cowboot.slot=a\n"

/* Of the version that stands there another one is made by adding 1, and its line is replaced whole. */
static void versions(void **state)
{
	static const char *const none[] = {
		"x\nversion -1\n" REST, "x\nversion 4294967295\n" REST, "x\nversion 1000000000\n" REST,
		"x\nversion \n1\n" REST, "x\nversion 1 2\n" REST, "x\nversion 0x1\n" REST,
		"x\nversion 1\nversion 2\n" REST, "x\nversion 1\nefi /cowboot/a.efi\nversion cowboot.slot=a\n",
		"x\nefi /cowboot/a.efi\nversion 1 cowboot.slot=a\n",
	};
	unsigned version = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(bootentry_text_ok(none[i], 'a', &version));
	assert_int_equal(version, 0);
	assert_true(bootentry_text_ok("x\nversion  12 \r\n" REST, 'a', &version));
	assert_int_equal(version, 12);
	assert_true(bootentry_text_ok("x\nefi /cowboot/a.efi\noptions cowboot.slot=a\nversion 999999999", 'a',
				      &version));
	assert_int_equal(version, BOOTENTRY_VERSION_MAX);
}

/* The last line efi counts, as for systemd-boot; a comment does not. */
static void one_letter_makes_it_an_entry(void **state)
{
	static const char *const none[] = { "", "efi", "efi\n", "efi /other.efi\n", "efix /cowboot/a\n",
					    "#efi /cowboot/a.efi\n", "title\nlinux /cowboot/a.efi\n",
					    "efi /cowboot/a.efi\nefi /other.efi" };
	char text[] = ENTRY_A;
	unsigned version;

	(void)state;
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(bootentry_key(none[i]), 0);
	assert_int_equal(bootentry_key("efi /cowboot/a.efi"), 13);
	assert_int_equal(bootentry_key("\n \tefi\t /cowboot/a.efi"), 17);
	assert_int_equal(bootentry_key("efi /other.efi\nefi /cowboot/a.efi\n"), 28);
	assert_true(bootentry_text_ok(text, 'a', &version));
	text[bootentry_key(text)] = BOOTENTRY_NO_SLOT;
	assert_non_null(strstr(text, "\nefi /cowboot/#.efi\n"));
	assert_false(bootentry_text_ok(text, 'a', &version));
	assert_false(bootentry_text_ok("x\nversion 1\nlinux /cowboot/a.efi\noptions cowboot.slot=a\n", 'a',
				       &version));
}

static void the_other_slots_text(void **state)
{
	char text[200], trial[200];
	struct text_out out;
	unsigned version;

	(void)state;
	text_begin(&out, text, sizeof(text));
	bootentry_rewrite(ENTRY_A, 'b', true, 7, &out);
	assert_false(out.full);
	assert_string_equal(text, "title cowboot b\nversion 7\nefi /cowboot/b.efi\n"
				  "options quiet cowboot.slot=b cowboot.try\n");
	memcpy(trial, text, sizeof(trial));
	text_begin(&out, text, sizeof(text));
	bootentry_rewrite(trial, 'b', true, 8, &out);
	assert_non_null(strstr(text, "cowboot.slot=b cowboot.try\n"));
	text_begin(&out, text, sizeof(text));
	bootentry_rewrite(trial, 'b', false, 8, &out);
	assert_string_equal(text, "title cowboot b\nversion 8\nefi /cowboot/b.efi\n"
				  "options quiet cowboot.slot=b\n");
	assert_true(bootentry_text_ok(text, 'b', &version));
	assert_int_equal(version, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(texts),
		cmocka_unit_test(versions),
		cmocka_unit_test(one_letter_makes_it_an_entry),
		cmocka_unit_test(the_other_slots_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
