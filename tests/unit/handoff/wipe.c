/* SPDX-License-Identifier: MIT */
/* The initramfs is deleted whole, and nothing else ever is (src/handoff/wipe.c). */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handoff/wipe.h"

#define FILES 500	/* more than one buffer of directory entries */

static void touch(const char *dir, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int wipe(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return wipe_initramfs(fd);
}

static void a_disk_is_refused(void **state)
{
	char dir[] = "build/wipe-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	touch(dir, "keep");
	assert_int_equal(wipe(dir), -EINVAL);
	snprintf(path, sizeof(path), "%s/keep", dir);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	rmdir(dir);
}

static void everything_goes_but_other_mounts(void **state)
{
	char dir[] = "/tmp/wipe-XXXXXX", sub[64], other[64], path[96];

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (mount("tmpfs", dir, "tmpfs", 0, NULL) < 0) {
		rmdir(dir);
		skip();
	}
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "file-with-a-longer-name-%u", i);
		touch(dir, path);
	}
	snprintf(sub, sizeof(sub), "%s/a", dir);
	assert_int_equal(mkdir(sub, 0755), 0);
	touch(sub, "below");
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(mkdir(other, 0755), 0);
	assert_int_equal(mount("tmpfs", other, "tmpfs", 0, NULL), 0);
	touch(other, "keep");

	assert_int_equal(wipe(dir), 0);

	assert_int_equal(access(sub, F_OK), -1);
	snprintf(path, sizeof(path), "%s/file-with-a-longer-name-%u", dir, FILES - 1);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/keep", other);
	assert_int_equal(access(path, F_OK), 0);
	umount(other);
	umount(dir);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_is_refused),
		cmocka_unit_test(everything_goes_but_other_mounts),
	};

	return cmocka_run_group_tests_name("handoff/wipe", tests, NULL, NULL);
}
