/* SPDX-License-Identifier: MIT */
/* Requests to stop, and waits that they end (src/base/stop.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/stop.h"

static int ends[2];

static int open_pipe(void **state)
{
	(void)state;
	return pipe(ends);
}

static int close_pipe(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static void input_and_its_end_are_waited_for(void **state)
{
	char byte;

	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(stop_wait_input(ends[0]), 0);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(stop_wait_input(ends[0]), 0);
	assert_int_equal(read(ends[0], &byte, 1), 0);
}

/* The last of all: a request holds for the rest of the program. */
static void a_signal_ends_the_wait(void **state)
{
	const pid_t us = getpid();

	(void)state;
	assert_int_equal(stop_catch(), 0);
	assert_int_equal(stop_asked(), 0);
	if (fork() == 0) {
		(void)usleep(50000);
		(void)kill(us, SIGTERM);
		_exit(0);
	}
	assert_int_equal(stop_wait_input(ends[0]), -EINTR);
	assert_non_null(strstr(fail_text(), "stopped by signal 15"));
	/* Asked before, and though there is input: nothing more is read. */
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(stop_wait_input(ends[0]), -EINTR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(input_and_its_end_are_waited_for, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(a_signal_ends_the_wait, open_pipe, close_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
