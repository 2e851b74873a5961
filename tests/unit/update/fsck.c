/* SPDX-License-Identifier: MIT */
/* When a file system is checked at all, and when by force: what a superblock says, and what a mount did. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "update/fsck.h"

#include <cmocka.h>

#define SUPER 1024u

static char path[] = "/tmp/fsck-XXXXXX";
static uint8_t image[8192];

static bool clean(void)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(image, 1, sizeof(image), file), sizeof(image));
	assert_int_equal(fclose(file), 0);
	return fsck_is_clean(path);
}

/* As mke2fs makes it: no check by number or by time. */
static void make(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image + SUPER + 54, "\xff\xff\x53\xef\x01\x00", 6);
}

static void superblocks(void **state)
{
	static const struct {
		unsigned at;
		uint8_t byte;
	} dirty[] = {
		{ 56, 0 },		/* not ext at all */
		{ 58, 0 },		/* mounted, without a journal */
		{ 58, 3 },		/* has errors */
		{ 68, 1 },		/* to be checked after a time */
		{ 96, 4 },		/* its journal is not empty */
		{ 102, 1 },		/* orphans in a file */
		{ 232, 12 },		/* orphans in a list */
	};

	(void)state;
	make();
	assert_true(clean());
	for (size_t i = 0; i < sizeof(dirty) / sizeof(dirty[0]); i++) {
		make();
		image[SUPER + dirty[i].at] = dirty[i].byte;
		assert_false(clean());
	}
	make();
	image[SUPER + 52] = 19;		/* mounts so far, of 20 */
	image[SUPER + 54] = 20;
	image[SUPER + 55] = 0;
	assert_true(clean());
	image[SUPER + 52] = 20;
	assert_false(clean());
	assert_false(fsck_is_clean("/nowhere"));
}

static void failed_mounts(void **state)
{
	static const int others[] = { EIO, EINVAL, ENODEV, EBUSY, ENOMEM, ENXIO, EROFS, EACCES, EPERM, 0 };

	(void)state;
	assert_true(fsck_is_damage(-EBADMSG));
	assert_true(fsck_is_damage(-EUCLEAN));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(fsck_is_damage(-others[i]));
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(superblocks),
		cmocka_unit_test(failed_mounts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
