/* SPDX-License-Identifier: MIT */
/* systemd-boot's entries in a folder of their own: what they say, and how they are cleared and made. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "loader/entries.h"

static char root[] = "/tmp/cowboot-entries-XXXXXX", dir[96];
static struct entries all;

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(dir, sizeof(dir), "%s/loader", root);
	if (mkdir(dir, 0700))
		return -1;
	snprintf(dir, sizeof(dir), "%s/loader/entries", root);
	return mkdir(dir, 0700);
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void put(const char *name, const char *text)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_entry(const char *name, char slot, unsigned version)
{
	char text[256];

	snprintf(text, sizeof(text), "title cowboot %c\nversion %u\nefi /cowboot/%c.efi\n"
		 "options cowboot.slot=%c\n", slot, version, slot, slot);
	put(name, text);
}

static void clean(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -f %s/*", dir);
	assert_int_equal(system(command), 0);
}

static struct loader_state judged(void)
{
	struct loader_state found;

	assert_int_equal(entries_list(root, &all), 0);
	entries_judge(&all, &found);
	return found;
}

static void no_entry_says_nothing(void **state)
{
	(void)state;
	clean();
	put("debian.conf", "title Debian\n");
	assert_int_equal(judged().health, LOADER_DAMAGED);
	put("cowboot-a.conf", "title cowboot a\nversion 1\n");	/* half a text */
	assert_int_equal(judged().health, LOADER_DAMAGED);
	put_entry("cowboot-a+1.conf", 'a', 1);	/* on trial, and nothing to go back to */
	assert_int_equal(judged().health, LOADER_DAMAGED);
	assert_int_equal(entries_list("/nowhere", &all), -ENOENT);
}

static void an_entry_without_a_counter_is_good(void **state)
{
	struct loader_state found;

	(void)state;
	clean();
	put_entry("cowboot-a.conf", 'a', 3);
	found = judged();
	assert_true(found.health == LOADER_GOOD && !found.untidy && found.slots.good == 'a');
	assert_int_equal(found.slots.trial, 0);
	put_entry("cowboot-b+2-1.conf", 'b', 4);
	found = judged();
	assert_true(found.health == LOADER_GOOD && !found.untidy && found.slots.good == 'a');
	assert_true(found.slots.trial == 'b' && found.slots.tries_left == 2);
	put("cowboot-b+x.conf", "");
	assert_true(judged().untidy);
	/* A confirmation that was cut. */
	put_entry("cowboot-b.conf", 'b', 5);
	found = judged();
	assert_true(found.slots.good == 'b' && found.slots.trial == 0 && found.untidy);
}

static void what_is_cleared_and_made_is_read_again(void **state)
{
	const struct entry *keep;

	(void)state;
	clean();
	put_entry("cowboot-a.conf", 'a', 3);
	put_entry("cowboot-b+2.conf", 'b', 4);
	put("cowboot-b+1.conf", "####");
	assert_int_equal(entries_list(root, &all), 0);
	assert_int_equal(all.count, 3);
	assert_int_equal(entries_clear(&all, NULL, true), 0);
	assert_int_equal(entries_list(root, &all), 0);
	assert_int_equal(all.count, 2);
	keep = entries_find(&all, 'a', false);
	assert_non_null(keep);
	assert_int_equal(entries_clear(&all, keep, false), 0);
	assert_int_equal(entries_make(&all, keep, 'b', "cowboot-b+3.conf"), 0);
	assert_int_equal(entries_list(root, &all), 0);
	assert_int_equal(all.count, 2);
	keep = entries_find(&all, 'b', true);
	assert_non_null(keep);
	assert_int_equal(keep->version, 5);	/* newer than all there were */
	assert_int_equal(keep->is.left, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_entry_says_nothing),
		cmocka_unit_test(an_entry_without_a_counter_is_good),
		cmocka_unit_test(what_is_cleared_and_made_is_read_again),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
