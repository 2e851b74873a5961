/* SPDX-License-Identifier: MIT */
/* Work in a child: done, or waited for no longer. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/child.h"
#include "base/sys.h"

static int to_parent[2], to_child[2];

static void say(void *ctx)
{
	if (write(to_parent[1], ctx, 1) != 1)
		_exit(1);
}

static void hang(void *ctx)
{
	const pid_t pid = getpid();

	if (write(to_parent[1], &pid, sizeof(pid)) == sizeof(pid))
		pause();
	(void)ctx;
}

static void in_time(void **state)
{
	char got = 0;

	(void)state;
	assert_int_equal(child_run(say, "x", 60000, NULL), 0);
	assert_int_equal(read(to_parent[0], &got, 1), 1);
	assert_int_equal(got, 'x');
}

static void never(void **state)
{
	pid_t pid = 0;

	(void)state;
	assert_int_equal(child_run(hang, NULL, 100, NULL), -ETIME);
	assert_int_equal(read(to_parent[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static unsigned asked;

/* 5, 4, 3, 3: two waits more, and no third. */
static uint64_t ever_less(void)
{
	asked++;
	return asked < 4 ? 6 - asked : 3;
}

static void as_long_as_it_goes_on(void **state)
{
	pid_t pid = 0;

	(void)state;
	assert_int_equal(child_run(hang, NULL, 100, ever_less), -ETIME);
	assert_int_equal(asked, 4);
	assert_int_equal(read(to_parent[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static int say_code(void *ctx)
{
	say(ctx);
	return 42;
}

static int die(void *ctx)
{
	(void)ctx;
	raise(SIGINT);	/* the keys end it, and not whoever waits */
	return 0;
}

static void waited_for(void **state)
{
	char got = 0;
	int code = 0;

	(void)state;
	signal(SIGINT, SIG_IGN);
	assert_int_equal(child_wait(say_code, "y", &code), 0);
	assert_int_equal(code, 42);
	assert_int_equal(read(to_parent[0], &got, 1), 1);
	assert_int_equal(got, 'y');
	assert_int_equal(child_wait(die, NULL, &code), 0);
	assert_int_equal(code, -SIGINT);
	signal(SIGINT, SIG_DFL);
}

static int wait_for_parent(void *ctx)
{
	char got;

	(void)ctx;
	return read(to_child[0], &got, 1) == 1 ? got : 0;
}

static void not_waited_for(void **state)
{
	int code = 4711, child = child_start(wait_for_parent, NULL);

	(void)state;
	assert_true(child > 0);
	assert_false(child_has_ended(child, &code));
	assert_int_equal(code, 4711);
	assert_int_equal(write(to_child[1], "7", 1), 1);
	while (!child_has_ended(child, &code))
		sys_sleep_ms(1);
	assert_int_equal(code, '7');
	assert_false(child_has_ended(child, &code));
}

static size_t read_all(int fd, char *buf, size_t size_bytes)
{
	size_t have = 0;
	ssize_t got;

	while ((got = sys_read(fd, buf + have, size_bytes - have)) > 0)
		have += (size_t)got;
	sys_close(fd);
	return have;
}

/* Its input whole, however long; its output; nothing of ours but standard error. */
static void program(void **state)
{
	static char *const cat[] = { "cat", NULL };
	static char *const list[] = { "sh", "-c", "for fd in /proc/$$/fd/[3-9]; do [ ! -e $fd ] || exit 9; done; "
				      "exit 7", NULL };
	static char input[1 << 20], output[(1 << 20) + 1];
	int fd, child;

	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (char)(i * 7 / 1000);
	child = child_program(cat, "/nowhere/cat", input, sizeof(input), &fd);
	assert_true(child > 0);
	assert_int_equal(read_all(fd, output, sizeof(output)), sizeof(input));
	assert_memory_equal(input, output, sizeof(input));
	assert_int_equal(child_stop(child, 10000), 0);
	child = child_program(list, "/nowhere/sh", "", 0, &fd);
	assert_int_equal(read_all(fd, output, sizeof(output)), 0);
	assert_int_equal(child_stop(child, 10000), 7);
}

static void program_elsewhere(void **state)
{
	static char *const argv[] = { "no-such-program", "-c", "exit 5", NULL };
	char buf[1];
	int fd, child;

	(void)state;
	child = child_program(argv, "/bin/sh", "", 0, &fd);
	assert_int_equal(read_all(fd, buf, sizeof(buf)), 0);
	assert_int_equal(child_stop(child, 10000), 5);
	child = child_program(argv, "/nowhere/sh", "", 0, &fd);
	assert_int_equal(read_all(fd, buf, sizeof(buf)), 0);
	assert_int_equal(child_stop(child, 10000), CHILD_NO_PROGRAM);
}

static void program_stopped(void **state)
{
	static char *const argv[] = { "sleep", "1000", NULL };
	int fd, child;

	(void)state;
	for (unsigned limit_ms = 0; limit_ms < 100; limit_ms += 50) {
		child = child_program(argv, "/bin/sleep", "", 0, &fd);
		assert_true(child > 0);
		assert_int_equal(child_stop(child, limit_ms), -SIGKILL);
		sys_close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_time),
		cmocka_unit_test(never),
		cmocka_unit_test(as_long_as_it_goes_on),
		cmocka_unit_test(waited_for),
		cmocka_unit_test(not_waited_for),
		cmocka_unit_test(program),
		cmocka_unit_test(program_elsewhere),
		cmocka_unit_test(program_stopped),
	};

	return pipe(to_parent) || pipe(to_child) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
