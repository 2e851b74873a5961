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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_time),
		cmocka_unit_test(never),
		cmocka_unit_test(as_long_as_it_goes_on),
		cmocka_unit_test(waited_for),
		cmocka_unit_test(not_waited_for),
	};

	return pipe(to_parent) || pipe(to_child) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
