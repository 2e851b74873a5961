/* SPDX-License-Identifier: MIT */
/* Names below another root: links lead where they will when it is the root. */
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

#include "handoff/inroot.h"

static char root[] = "/tmp/inroot-XXXXXX";

static const char *in(const char *name)
{
	static char full[256];

	snprintf(full, sizeof(full), "%s%s", root, name);
	return full;
}

static void leads(const char *path, const char *want)
{
	char got[256];

	assert_int_equal(inroot_dir(root, path, got, sizeof(got)), 0);
	assert_string_equal(got, in(want));
}

static void links_stay_inside(void **state)
{
	char got[256];

	(void)state;
	leads("/mnt/data", "/mnt/data");
	leads("/data", "/mnt/data");	/* absolute */
	leads("/up", "/mnt");		/* past the root, which is its own parent */
	leads("/far", "/mnt/data");	/* by way of another */
	leads("/", "");
	assert_int_equal(inroot_dir(root, "/host", got, sizeof(got)), -ENOENT);
	assert_int_equal(inroot_dir(root, "/file", got, sizeof(got)), -ENOTDIR);
	assert_int_equal(inroot_dir(root, "/loop", got, sizeof(got)), -ELOOP);
	assert_int_equal(inroot_dir("/nowhere", "/", got, sizeof(got)), -ENOENT);
	assert_int_equal(inroot_dir(root, "/data", got, 8), -ENAMETOOLONG);
}

static int make_root(void **state)
{
	(void)state;
	if (!mkdtemp(root) || mkdir(in("/mnt"), 0755) || mkdir(in("/mnt/data"), 0755) ||
	    symlink("/mnt/data", in("/data")) || symlink("../../../mnt", in("/up")) ||
	    symlink("up/../data", in("/far")) || symlink("/tmp", in("/host")) ||
	    symlink("loop", in("/loop")))
		return -1;
	return close(open(in("/file"), O_CREAT | O_WRONLY, 0644));
}

static int drop_root(void **state)
{
	static const char *const files[] = { "/data", "/up", "/far", "/host", "/loop", "/file" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlink(in(files[i]));
	return rmdir(in("/mnt/data")) || rmdir(in("/mnt")) || rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_stay_inside),
	};

	return cmocka_run_group_tests(tests, make_root, drop_root);
}
