/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entries, in a folder that stands for the ESP: what they say, how they are cleared
 * and made, and what is read of them while somebody else is at work on them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#include "base/fail.h"
#include "loader/entries.h"
#include "loader/fat.h"

static char root[] = "/tmp/cowboot-entries-XXXXXX", dir[96];
static struct entries all;
static int esp = -1;
static unsigned reads;		/* of texts */
static void (*meanwhile)(void);	/* what somebody does after each of them */

/* ---- Stand for loader/fat.c ---- */

int fat_open(const char *device, struct fat *ret_fat)
{
	memset(ret_fat, 0, sizeof(*ret_fat));
	return access(device, F_OK) ? fail(ENOENT, "cannot open %s", device) : 0;
}

void fat_close(struct fat *fat)
{
	(void)fat;
}

int fat_find(const struct fat *fat, const char *path, struct fat_file *ret_file)
{
	(void)fat;
	assert_string_equal(path, "loader/entries");
	ret_file->is_dir = true;
	return 0;
}

int fat_each(const struct fat *fat, const struct fat_file *folder,
	     int (*take)(void *ctx, const struct fat_file *file), void *ctx)
{
	struct dirent *entry;
	DIR *stream = opendir(dir);
	int rc = 0;

	(void)fat;
	(void)folder;
	assert_non_null(stream);
	while (!rc && (entry = readdir(stream))) {
		struct fat_file file = { .cluster = (uint32_t)entry->d_ino };
		struct stat st;

		assert_int_equal(fstatat(dirfd(stream), entry->d_name, &st, 0), 0);
		file.is_dir = S_ISDIR(st.st_mode);
		file.size_bytes = (uint32_t)st.st_size;
		snprintf(file.name, sizeof(file.name), "%s", entry->d_name);
		rc = take(ctx, &file);
	}
	closedir(stream);
	return rc;
}

int fat_read(const struct fat *fat, const struct fat_file *file, void *buf, size_t len_bytes)
{
	char path[400];
	size_t got;
	FILE *from;

	(void)fat;
	snprintf(path, sizeof(path), "%s/%s", dir, file->name);
	from = fopen(path, "r");
	if (!from)
		return fail(EIO, "cannot read %s", path);
	got = fread(buf, 1, len_bytes, from);
	fclose(from);
	reads++;
	if (meanwhile)
		meanwhile();
	return got == len_bytes ? 0 : fail(EIO, "cannot read %s", path);
}

/* ---- The tests ---- */

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(dir, sizeof(dir), "%s/loader", root);
	if (mkdir(dir, 0700))
		return -1;
	snprintf(dir, sizeof(dir), "%s/loader/entries", root);
	esp = open(root, O_PATH | O_CLOEXEC);
	return esp < 0 ? -1 : mkdir(dir, 0700);
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

/* What would not count as an entry is not made. */
static void no_version_is_above_the_highest(void **state)
{
	const struct entry *keep;

	(void)state;
	clean();
	put_entry("cowboot-a.conf", 'a', BOOTENTRY_VERSION_MAX);
	assert_int_equal(entries_list(root, &all), 0);
	keep = entries_find(&all, 'a', false);
	assert_non_null(keep);
	assert_int_equal(entries_make(&all, esp, keep, 'b', "cowboot-b+3.conf"), -EOVERFLOW);
	assert_int_equal(entries_list(root, &all), 0);
	assert_int_equal(all.count, 1);
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
	assert_int_equal(entries_clear(&all, esp, NULL, true), 0);
	assert_int_equal(entries_list(root, &all), 0);
	assert_int_equal(all.count, 2);
	keep = entries_find(&all, 'a', false);
	assert_non_null(keep);
	assert_int_equal(entries_clear(&all, esp, keep, false), 0);
	assert_int_equal(entries_make(&all, esp, keep, 'b', "cowboot-b+3.conf"), 0);
	assert_int_equal(entries_list(root, &all), 0);
	assert_int_equal(all.count, 2);
	keep = entries_find(&all, 'b', true);
	assert_non_null(keep);
	assert_int_equal(keep->version, 5);	/* newer than all there were */
	assert_int_equal(keep->is.left, 3);
}

/* A new system is confirmed: its entry is made, then the old one's letter goes, then its name. */
static void confirm_b(void)
{
	if (reads == 1)
		put_entry("cowboot-b.conf", 'b', 5);
	if (reads == 2)
		put("cowboot-a.conf", "title cowboot a\nversion 3\nefi /cowboot/#.efi\n");
	if (reads == 4) {
		char path[160];

		snprintf(path, sizeof(path), "%s/cowboot-a.conf", dir);
		assert_int_equal(unlink(path), 0);
	}
}

static void what_changes_meanwhile_is_read_again(void **state)
{
	struct loader_state found;

	(void)state;
	clean();
	put_entry("cowboot-a.conf", 'a', 3);
	put_entry("cowboot-b+2-1.conf", 'b', 4);
	reads = 0;
	meanwhile = confirm_b;
	found = judged();
	meanwhile = NULL;
	assert_true(found.health == LOADER_GOOD && found.slots.good == 'b');
	assert_true(reads > 4);
}

static void grow(void)
{
	char name[32];

	snprintf(name, sizeof(name), "cowboot-b+%u.conf", reads % 8);
	put(name, reads / 8 % 2 ? "#" : "##");
}

/* Nobody does that; but whoever looks must come to an end. */
static void what_changes_all_the_time_is_given_up(void **state)
{
	(void)state;
	clean();
	put_entry("cowboot-a.conf", 'a', 3);
	reads = 0;
	meanwhile = grow;
	assert_int_equal(entries_list(root, &all), -EAGAIN);
	meanwhile = NULL;
}

/* What is no file, or belongs to somebody else, or is too long, is no entry. */
static void what_is_no_entry(void **state)
{
	char text[BOOTENTRY_TEXT_MAX + 2], path[160];

	(void)state;
	clean();
	put_entry("cowboot-a.conf", 'a', 3);
	put_entry("debian.conf", 'b', 9);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	put("cowboot-b.conf", text);
	snprintf(path, sizeof(path), "%s/cowboot-b+3.conf", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(judged().slots.good, 'a');
	assert_int_equal(all.count, 2);
	assert_true(judged().untidy);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_entry_says_nothing),
		cmocka_unit_test(an_entry_without_a_counter_is_good),
		cmocka_unit_test(no_version_is_above_the_highest),
		cmocka_unit_test(what_is_cleared_and_made_is_read_again),
		cmocka_unit_test(what_changes_meanwhile_is_read_again),
		cmocka_unit_test(what_changes_all_the_time_is_given_up),
		cmocka_unit_test(what_is_no_entry),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
