/* SPDX-License-Identifier: MIT */
/* The seam's open files, folders, locks and signals, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"

static char folder[] = "/tmp/cowboot-sysf-XXXXXX";
static volatile sig_atomic_t got;

static const char *in_folder(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(in_folder("new"));
	(void)unlink(in_folder("lock"));
	return rmdir(folder);
}

static int count_names(void *ctx, const char *name)
{
	unsigned *count = ctx;

	assert_true(!strcmp(name, "new") || !strcmp(name, "lock"));
	return ++*count == 2 ? 77 : 0;
}

static void folders(void **state)
{
	unsigned count = 0;
	char text[8];

	(void)state;
	assert_int_equal(sys_each_name(in_folder("none"), count_names, &count), -ENOENT);
	assert_int_equal(sys_each_name(folder, count_names, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(sys_write_new(in_folder("new"), "abc", 3), 0);
	assert_int_equal(sys_write_new(in_folder("new"), "xyz", 3), -EEXIST);
	assert_int_equal(sys_read_file(in_folder("new"), text, sizeof(text), NULL), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(sys_write_file(in_folder("lock"), "", 0), 0);
	assert_int_equal(sys_each_name(folder, count_names, &count), 77);
	assert_true(sys_is_file(in_folder("new")));
	assert_false(sys_is_file(folder));
	assert_int_equal(sys_sync_fs(folder), 0);
	assert_int_equal(sys_sync_fs(in_folder("new")), -ENOTDIR);
}

static void one_has_the_lock(void **state)
{
	int first, again;

	(void)state;
	first = sys_lock(in_folder("lock"));
	assert_true(first >= 0);
	assert_int_equal(sys_lock(in_folder("lock")), -EWOULDBLOCK);
	sys_close(first);
	again = sys_lock(in_folder("lock"));
	assert_true(again >= 0);
	sys_close(again);
	assert_int_equal(sys_lock(in_folder("none/lock")), -ENOENT);
}

static void open_files(void **state)
{
	char text[8] = "";
	int fd, pipes[2];

	(void)state;
	assert_int_equal(sys_open(in_folder("none"), O_RDONLY), -ENOENT);
	fd = sys_open(in_folder("new"), O_RDONLY);
	assert_true(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	assert_int_equal(sys_read(fd, text, sizeof(text)), 3);
	assert_int_equal(sys_read(fd, text, sizeof(text)), 0);
	assert_int_equal(sys_write(fd, "x", 1), -EBADF);
	sys_close(fd);
	sys_close(-1);
	assert_int_equal(sys_read(fd, text, 1), -EBADF);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(sys_wait_input(pipes[0], 1), 0);
	assert_int_equal(sys_write(pipes[1], "x", 1), 0);
	assert_int_equal(sys_wait_input(pipes[0], 1000), 1);
	assert_false(sys_is_terminal(pipes[0]));
	sys_close(pipes[0]);
	sys_close(pipes[1]);
}

static void take(int number)
{
	got = number;
}

static void signals(void **state)
{
	static const int numbers[] = { SIGUSR1, SIGUSR2 };

	(void)state;
	assert_int_equal(sys_catch_signals(numbers, 2, take), 0);
	assert_int_equal(raise(SIGUSR2), 0);
	assert_int_equal(got, SIGUSR2);
	assert_int_equal(sys_hold_signals(true), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(got, SIGUSR2);
	assert_int_equal(sys_hold_signals(false), 0);
	assert_int_equal(got, SIGUSR1);
	sys_ignore_keys(true);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(raise(SIGTSTP), 0);
	sys_ignore_keys(false);
	assert_false(sys_is_first());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders),
		cmocka_unit_test(one_has_the_lock),
		cmocka_unit_test(open_files),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
