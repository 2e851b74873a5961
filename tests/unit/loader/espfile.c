/* SPDX-License-Identifier: MIT */
/* Files of the ESP: made, blanked and removed, in a folder of their own. */
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
#include "loader/bootentry.h"
#include "loader/espfile.h"

static char dir[] = "/tmp/cowboot-espfile-XXXXXX";
static char path[64], text[BOOTENTRY_TEXT_MAX + 2];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/entry.conf", dir);
	memset(text, 'x', sizeof(text) - 1);
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
	char is[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(is, 1, sizeof(is) - 1, file) == strlen(expected));
	assert_string_equal(is, expected);
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

static void a_file_is_made_blanked_and_removed(void **state)
{
	(void)state;
	assert_int_equal(espfile_make(path, "efi b\n", 4), 0);
	holds("efi b\n");
	assert_int_equal(espfile_make(path, "again", 0), -EEXIST);
	holds("efi b\n");
	assert_int_equal(espfile_blank(path, 4), 0);
	holds("efi #\n");
	assert_int_equal(names(), 1);
	assert_int_equal(espfile_unlink(path), 0);
	assert_int_equal(espfile_unlink(path), 0);
	assert_int_equal(names(), 0);
	assert_int_equal(espfile_flush(dir), 0);
	assert_int_equal(espfile_blank(path, 4), -ENOENT);
	assert_int_equal(espfile_flush(path), -ENOENT);
}

/* What would not lie in one sector is not begun, nor what has no place for its key. */
static void a_text_that_is_too_long(void **state)
{
	(void)state;
	assert_int_equal(espfile_make(path, text, 0), -EFBIG);
	assert_int_equal(espfile_make(path, "efi", 3), -EINVAL);
	assert_int_equal(names(), 0);
	text[BOOTENTRY_TEXT_MAX] = 0;
	assert_int_equal(espfile_make(path, text, 0), 0);
	assert_int_equal(espfile_unlink(path), 0);
}

static void a_file_is_made_as_long_as_asked(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(espfile_make(path, "first", 0), 0);
	assert_int_equal(espfile_create(path, 100000), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 100000);
	assert_int_equal(espfile_unlink(path), 0);
	assert_int_equal(espfile_create("/nowhere/file", 1), -ENOENT);
	assert_int_equal(espfile_each("/nowhere", count_name, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_made_blanked_and_removed),
		cmocka_unit_test(a_text_that_is_too_long),
		cmocka_unit_test(a_file_is_made_as_long_as_asked),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
