/* SPDX-License-Identifier: MIT */
/* Files of the ESP: made, blanked and removed, in a folder that stands for its root. */
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
#include "loader/bootentry.h"
#include "loader/espfile.h"

static char dir[] = "/tmp/cowboot-espfile-XXXXXX";
static const char path[] = ESPFILE_ENTRIES "/entry.conf";
static int esp = -1;	/* the root; it is also where this process is */
static char text[BOOTENTRY_TEXT_MAX + 2];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || chdir(dir) || mkdir("loader", 0700) || mkdir(ESPFILE_ENTRIES, 0700))
		return -1;
	esp = open(dir, O_PATH | O_CLOEXEC);
	memset(text, 'x', sizeof(text) - 1);
	return esp < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	close(esp);
	return rmdir(ESPFILE_ENTRIES) || rmdir("loader") || rmdir(dir);
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

static unsigned names(void)
{
	unsigned count = 0;
	DIR *stream = opendir(ESPFILE_ENTRIES);

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

static void a_file_is_made_blanked_and_removed(void **state)
{
	(void)state;
	assert_int_equal(espfile_make(esp, path, "efi b\n", 4), 0);
	holds("efi b\n");
	assert_int_equal(espfile_make(esp, path, "again", 0), -EEXIST);
	holds("efi b\n");
	assert_int_equal(espfile_blank(esp, path, 4), 0);
	holds("efi #\n");
	assert_int_equal(names(), 1);
	assert_int_equal(espfile_unlink(esp, path), 0);
	assert_int_equal(espfile_unlink(esp, path), 0);
	assert_int_equal(names(), 0);
	assert_int_equal(espfile_flush(esp), 0);
	assert_int_equal(espfile_blank(esp, path, 4), -ENOENT);
	assert_int_equal(espfile_flush(-1), -EBADF);
}

/* What would not lie in one sector is not begun, nor what has no place for its key. */
static void a_text_that_is_too_long(void **state)
{
	(void)state;
	assert_int_equal(espfile_make(esp, path, text, 0), -EFBIG);
	assert_int_equal(espfile_make(esp, path, "efi", 3), -EINVAL);
	assert_int_equal(names(), 0);
	text[BOOTENTRY_TEXT_MAX] = 0;
	assert_int_equal(espfile_make(esp, path, text, 0), 0);
	assert_int_equal(espfile_unlink(esp, path), 0);
}

static void a_file_is_made_as_long_as_asked(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(espfile_make(esp, path, "first", 0), 0);
	assert_int_equal(espfile_create(esp, path, 100000), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 100000);
	assert_int_equal(espfile_unlink(esp, path), 0);
	assert_int_equal(espfile_create(esp, "nowhere/file", 1), -ENOENT);
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
