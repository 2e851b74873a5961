/* SPDX-License-Identifier: MIT */
/* Files that appear whole, in a folder of their own under build/. */
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

#include "base/fail.h"
#include "storage/espfile.h"

static char dir[] = "/tmp/cowboot-espfile-XXXXXX";
static char path[64], new_path[72];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/entry.conf", dir);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void holds(const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) == strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(fclose(file), 0);
}

static int count_name(void *ctx, const char *name)
{
	assert_string_equal(name, "entry.conf");
	++*(unsigned *)ctx;
	return 0;
}

static unsigned names(void)
{
	unsigned count = 0;

	assert_int_equal(espfile_each(dir, count_name, &count), 0);
	return count;
}

static void a_file_takes_the_place_of_the_old_one(void **state)
{
	(void)state;
	assert_int_equal(espfile_write(path, "first", 5), 0);
	holds("first");
	assert_int_equal(espfile_write(path, "then", 4), 0);
	holds("then");
	assert_int_equal(names(), 1);
	assert_int_equal(espfile_remove(path), 0);
	assert_int_equal(espfile_remove(path), 0);
	assert_int_equal(names(), 0);
}

/* What cannot be written leaves the old one. */
static void a_failure_leaves_the_old_one(void **state)
{
	(void)state;
	assert_int_equal(espfile_write(path, "first", 5), 0);
	assert_int_equal(mkdir(new_path, 0700), 0);
	assert_int_equal(espfile_write(path, "then", 4), -EISDIR);
	holds("first");
	assert_int_equal(rmdir(new_path), 0);
	assert_int_equal(espfile_remove(path), 0);
}

static void a_file_is_made_as_long_as_asked(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(espfile_write(path, "first", 5), 0);
	assert_int_equal(espfile_create(path, 100000), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 100000);
	assert_int_equal(espfile_remove(path), 0);
	assert_int_equal(espfile_create("/nowhere/file", 1), -ENOENT);
	assert_int_equal(espfile_each("/nowhere", count_name, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_takes_the_place_of_the_old_one),
		cmocka_unit_test(a_failure_leaves_the_old_one),
		cmocka_unit_test(a_file_is_made_as_long_as_asked),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
