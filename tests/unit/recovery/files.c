/* SPDX-License-Identifier: MIT */
/* A stick with more files than a screen has lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recovery/files.h"

static char dir[] = "/tmp/cowboot-files-XXXXXX";
static struct files files;

static void put(const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void photos(void)
{
	char name[32];

	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "DSC%05d.JPG", i);
		put(name);
	}
}

static void the_image_comes_first(void **state)
{
	(void)state;
	photos();
	put("rootfs");
	put("SYSTEM.IMG");
	put("b.Squashfs");
	files_list(dir, FILES_IMAGE, &files);
	assert_int_equal(files.count, FILES_SHOWN_MAX);
	assert_int_equal(files.more, 63 - FILES_SHOWN_MAX);
	assert_string_equal(files.name[0], "SYSTEM.IMG");
	assert_string_equal(files.name[1], "b.Squashfs");
	assert_string_equal(files.name[2], "DSC00000.JPG");
	assert_string_equal(files.name[FILES_SHOWN_MAX - 1], "DSC00037.JPG");
	assert_true(files_has(dir, "rootfs"));
	assert_false(files_has(dir, "../rootfs"));
	assert_false(files_has(dir, "nothing"));
}

static void bundles_alone(void **state)
{
	(void)state;
	photos();
	put("z.bundle");
	put("UPDATE.BUNDLE");
	put(".bundle");		/* hidden, and a suffix without a name */
	files_list(dir, FILES_BUNDLE, &files);
	assert_int_equal(files.count, 2);
	assert_int_equal(files.more, 0);
	assert_string_equal(files.name[0], "UPDATE.BUNDLE");
	assert_string_equal(files.name[1], "z.bundle");
}

/* Where no name says it, all are shown. */
static void no_bundle(void **state)
{
	char path[64];

	(void)state;
	put("update");
	put("notes.txt");
	snprintf(path, sizeof(path), "%s/folder.bundle", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	files_list(dir, FILES_BUNDLE, &files);
	assert_int_equal(files.count, 2);
	assert_string_equal(files.name[0], "notes.txt");
	files_list("/nowhere", FILES_BUNDLE, &files);
	assert_int_equal(files.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_image_comes_first, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(bundles_alone, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(no_bundle, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
