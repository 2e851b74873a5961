/* SPDX-License-Identifier: MIT */
/* Logs beside the stores: replaced as a whole, bounded in number and length, and never through a link. */
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
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "storage/logfile.h"

static char top[64];
static struct store_dir dir;

static void must(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void must(const char *fmt, ...)
{
	char command[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/logfile.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	memset(&dir, 0, sizeof(dir));
	(void)snprintf(dir.path, sizeof(dir.path), "%s/cowboot", top);
	return 0;
}

static int end(void **state)
{
	(void)state;
	must("rm -rf %s", top);
	return 0;
}

static void assert_holds(const char *name, const char *want)
{
	char buf[128];
	size_t len;

	assert_int_equal(logfile_read(&dir, name, buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, want);
	assert_int_equal(len, strlen(want));
}

static void test_saved_and_replaced(void **state)
{
	char buf[8];
	size_t len;

	(void)state;
	assert_int_equal(logfile_read(&dir, "a.log", buf, sizeof(buf), &len), -ENOENT);
	assert_int_equal(logfile_save(&dir, "a.log", "one\n", 4), 0);
	assert_int_equal(logfile_read(&dir, "b.log", buf, sizeof(buf), &len), -ENOENT);
	assert_holds("a.log", "one\n");
	assert_int_equal(logfile_save(&dir, "a.log", "the second\n", 11), 0);
	assert_holds("a.log", "the second\n");
	/* The end of one that does not fit. */
	assert_int_equal(logfile_read(&dir, "a.log", buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, "second\n");
	must("test \"$(ls -A %s)\" = logs && test \"$(ls -A %s/logs)\" = a.log", dir.path, dir.path);
	must("test \"$(stat -c %%a %s/logs %s/logs/a.log | xargs)\" = '700 600'", dir.path, dir.path);
}

/* By their age, and never the one that is just saved; also where no clock was set. */
static void test_the_oldest_goes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOGFILE_MAX; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%u.log", i);
		assert_int_equal(logfile_save(&dir, name, "x", 1), 0);
		must("touch -d @%u %s/logs/%s", 1000 - i, dir.path, name);
	}
	must("test $(ls %s/logs | wc -l) = %d", dir.path, LOGFILE_MAX);
	assert_int_equal(logfile_save(&dir, "new.log", "x", 1), 0);
	must("test $(ls %s/logs | wc -l) = %d && ! test -e %s/logs/7.log", dir.path, LOGFILE_MAX, dir.path);
	must("touch -d @0 %s/logs/*", dir.path);
	assert_int_equal(logfile_save(&dir, "0.log", "x", 1), 0);
	must("test $(ls %s/logs | wc -l) = %d && test -e %s/logs/0.log", dir.path, LOGFILE_MAX, dir.path);
	assert_int_equal(logfile_save(&dir, "newer.log", "x", 1), 0);
	must("test -e %s/logs/0.log && ! test -e %s/logs/1.log", dir.path, dir.path);
	/* Many that somebody has put there. */
	must("cd %s/logs && for i in $(seq 50); do echo > many$i; done", dir.path);
	assert_int_equal(logfile_save(&dir, "last.log", "x", 1), 0);
	must("test $(ls %s/logs | wc -l) = %d && test -e %s/logs/last.log", dir.path, LOGFILE_MAX, dir.path);
}

static void test_bounds(void **state)
{
	static char data[LOGFILE_BYTES_MAX + 1];

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(logfile_save(&dir, "a.log", data, sizeof(data)), -EFBIG);
	assert_int_equal(logfile_save(&dir, "a.log", data, sizeof(data) - 1), 0);
	assert_int_equal(logfile_save(&dir, "a.log", data, 0), 0);
	assert_holds("a.log", "");
}

static void test_never_through_a_link(void **state)
{
	char buf[8];
	size_t len;

	(void)state;
	must("mkdir %s %s/else && echo x > %s/else/file && ln -s ../else %s/logs", dir.path, top, top,
	     dir.path);
	assert_true(logfile_save(&dir, "file", "y", 1) < 0);
	assert_true(logfile_read(&dir, "file", buf, sizeof(buf), &len) < 0);
	must("rm %s/logs && mkdir %s/logs && ln -s ../../else/file %s/logs/.new && "
	     "ln -s ../../else/file %s/logs/file", dir.path, dir.path, dir.path, dir.path);
	assert_true(logfile_save(&dir, "file", "y", 1) < 0);
	assert_true(logfile_read(&dir, "file", buf, sizeof(buf), &len) < 0);
	/* The failure has taken the link away that it could not use. */
	assert_int_equal(logfile_save(&dir, "file", "y", 1), 0);
	must("test \"$(cat %s/else/file)\" = x", top);
	must("rm -r %s && ln -s else %s", dir.path, dir.path);
	assert_true(logfile_save(&dir, "file", "y", 1) < 0);
	must("test \"$(ls -A %s/else)\" = file", top);
}

/* What cannot be written leaves what was there. */
static void test_full(void **state)
{
	(void)state;
	if (geteuid() != 0 || system("mkdir -p /tmp/logfile.full && mount -t tmpfs -o size=64k none "
				     "/tmp/logfile.full 2>/dev/null") != 0)
		skip();
	(void)snprintf(dir.path, sizeof(dir.path), "/tmp/logfile.full/cowboot");
	assert_int_equal(logfile_save(&dir, "a.log", "one\n", 4), 0);
	must("head -c 1000000 /dev/zero > /tmp/logfile.full/filler 2>/dev/null; true");
	{
		static char data[LOGFILE_BYTES_MAX];

		assert_int_equal(logfile_save(&dir, "a.log", data, sizeof(data)), -ENOSPC);
	}
	assert_holds("a.log", "one\n");
	must("test \"$(ls -A /tmp/logfile.full/cowboot/logs)\" = a.log; s=$?; umount /tmp/logfile.full; "
	     "rmdir /tmp/logfile.full; exit $s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_saved_and_replaced, begin, end),
		cmocka_unit_test_setup_teardown(test_the_oldest_goes, begin, end),
		cmocka_unit_test_setup_teardown(test_bounds, begin, end),
		cmocka_unit_test_setup_teardown(test_never_through_a_link, begin, end),
		cmocka_unit_test_setup_teardown(test_full, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
