/* SPDX-License-Identifier: MIT */
/* A process without rights: what it can, and what ends it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/confine.h"
#include "base/sys.h"

/* Answers each byte with the next one. */
static void count(void *ctx, int fd)
{
	char byte;

	(void)ctx;
	while (!confine_get(fd, &byte, 1)) {
		byte++;
		if (confine_put(fd, &byte, 1))
			return;
	}
}

static void test_it_answers(void **state)
{
	struct confined confined;
	char byte = 'a';

	(void)state;
	assert_int_equal(confine_start(count, NULL, &confined), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(confine_send(&confined, &byte, 1), 0);
		assert_int_equal(confine_receive(&confined, &byte, 1), 0);
	}
	assert_int_equal(byte, 'd');
	confine_end(&confined);
	assert_int_equal(waitpid(confined.pid, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_it_ends_with_us(void **state)
{
	struct confined confined;
	int status = 0;

	(void)state;
	assert_int_equal(confine_start(count, NULL, &confined), 0);
	assert_int_equal(shutdown(confined.fd, SHUT_WR), 0);
	assert_int_equal(waitpid(confined.pid, &status, 0), confined.pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(close(confined.fd), 0);
}

/* What it might try. Whoever gets that far says so. */
static void open_a_file(void)
{
	(void)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
}

static void start_another(void)
{
	(void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void start_a_program(void)
{
	static char *const argv[] = { "sh", NULL };

	(void)syscall(SYS_execve, "/bin/sh", argv, NULL);
}

static void make_a_socket(void)
{
	(void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void kill_its_parent(void)
{
	(void)syscall(SYS_kill, getppid(), 0);
}

static void try(void *ctx, int fd)
{
	(*(void (**)(void))ctx)();
	(void)confine_put(fd, "x", 1);
}

static void test_it_may_not(void **state)
{
	void (*const deeds[])(void) = { open_a_file, start_another, start_a_program, make_a_socket,
					kill_its_parent };

	(void)state;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		struct confined confined;
		int status = 0;
		char byte;

		assert_int_equal(confine_start(try, (void *)&deeds[i], &confined), 0);
		assert_int_equal(confine_receive(&confined, &byte, 1), -EPIPE);
		assert_int_equal(waitpid(confined.pid, &status, 0), confined.pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_int_equal(close(confined.fd), 0);
	}
}

/* A descriptor of ours is closed there: what it writes to it is not seen. */
static void write_to(void *ctx, int fd)
{
	ssize_t put = write(*(const int *)ctx, "x", 1);

	(void)confine_put(fd, put < 0 && errno == EBADF ? "n" : "y", 1);
}

static void test_it_has_one_descriptor(void **state)
{
	struct confined confined;
	int pair[2];
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(confine_start(write_to, &pair[1], &confined), 0);
	assert_int_equal(confine_receive(&confined, &byte, 1), 0);
	assert_int_equal(byte, 'n');
	confine_end(&confined);
	assert_int_equal(close(pair[0]), 0);
	assert_int_equal(close(pair[1]), 0);
}

/* Nobody's, where we are root. */
static void test_it_is_nobody(void **state)
{
	struct confined confined;
	char path[32], text[2048], byte = 0;
	size_t len;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(confine_start(count, NULL, &confined), 0);
	assert_int_equal(confine_send(&confined, &byte, 1), 0);
	assert_int_equal(confine_receive(&confined, &byte, 1), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/status", confined.pid);
	assert_int_equal(sys_read_file(path, text, sizeof(text), &len), 0);
	assert_non_null(strstr(text, "\nUid:\t65534\t65534\t65534\t65534\n"));
	assert_non_null(strstr(text, "\nGid:\t65534\t65534\t65534\t65534\n"));
	assert_non_null(strstr(text, "\nGroups:\t \n"));
	assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "\nSeccomp:\t1\n"));
	confine_end(&confined);
}

/* Sending to one that has ended is an error, and no signal. */
static void leave(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
}

static void test_it_has_left(void **state)
{
	struct confined confined;
	char byte = 0;

	(void)state;
	assert_int_equal(confine_start(leave, NULL, &confined), 0);
	assert_int_equal(confine_receive(&confined, &byte, 1), -EPIPE);
	assert_int_equal(confine_send(&confined, &byte, 1), -EPIPE);
	confine_end(&confined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_answers),
		cmocka_unit_test(test_it_ends_with_us),
		cmocka_unit_test(test_it_may_not),
		cmocka_unit_test(test_it_has_one_descriptor),
		cmocka_unit_test(test_it_is_nobody),
		cmocka_unit_test(test_it_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
