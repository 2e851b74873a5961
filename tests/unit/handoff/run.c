/* SPDX-License-Identifier: MIT */
/* A program that is run on the way: its lines, its exit code, and its end where it finds none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "handoff/run.h"

#include <cmocka.h> /* last: its fail is another one than ours */

#define LIMIT_S 30

static char said[4096];

static void hear(const char *text)
{
	strncat(said, text, sizeof(said) - strlen(said) - 1);
	strncat(said, "|", sizeof(said) - strlen(said) - 1);
}

static int shell(const char *script, unsigned limit_s, int *ret_code)
{
	char *const argv[] = { "sh", "-c", (char *)script, NULL };

	said[0] = '\0';
	return run_bounded("/bin/sh", argv, limit_s, hear, ret_code);
}

static void lines_and_code(void **state)
{
	int code = -1;

	(void)state;
	assert_int_equal(shell("echo one; echo two >&2; printf three; exit 4", LIMIT_S, &code), 0);
	assert_int_equal(code, 4);
	assert_string_equal(said, "one|two|three|");
	/* It has nothing to read, and waits for nobody. */
	assert_int_equal(shell("read word; echo \"$?\"", LIMIT_S, &code), 0);
	assert_string_equal(said, "1|");
}

static void long_lines_are_cut(void **state)
{
	int code = -1;

	(void)state;
	assert_int_equal(shell("printf '%0300d' 0", LIMIT_S, &code), 0);
	assert_int_equal(strlen(said), 300 + 2);
}

static void no_program(void **state)
{
	char *const argv[] = { "nothing", NULL };
	int code = -1;

	(void)state;
	assert_int_equal(run_bounded("/nothing/there", argv, LIMIT_S, NULL, &code), -ENOEXEC);
	assert_string_equal(fail_text(), "cannot run /nothing/there");
	assert_int_equal(code, -1);
}

static void a_crash(void **state)
{
	int code = -1;

	(void)state;
	assert_int_equal(shell("kill -SEGV $$", LIMIT_S, &code), -ECANCELED);
	assert_string_equal(fail_text(), "/bin/sh was ended by signal 11");
}

static void no_end(void **state)
{
	int code = -1;

	(void)state;
	assert_int_equal(shell("trap 'echo asked; exit 1' TERM; echo begins; while :; do sleep 0.1; done",
			       1, &code), -ETIME);
	assert_string_equal(fail_text(), "/bin/sh took longer than 1 s, and was ended");
	assert_non_null(strstr(said, "begins|"));
	assert_non_null(strstr(said, "asked|"));
	assert_int_equal(shell("trap '' TERM; while :; do sleep 0.1; done", 1, &code), -ETIME);
	assert_string_equal(fail_text(), "/bin/sh took longer than 1 s, and was ended");
	assert_int_equal(code, -1);
}

/* Not one that is dead and that nobody has reaped yet. */
static bool lives(pid_t pid)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return sys_read_file(path, text, sizeof(text), NULL) != -ENOENT && !strstr(text, ") Z ");
}

/* What it leaves behind holds its output open, and is gone all the same. */
static void what_it_leaves(void **state)
{
	int code = -1, tries = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(shell("sleep 1000 & echo $!", LIMIT_S, &code), 0);
	pid = (pid_t)strtol(said, NULL, 10);
	assert_true(pid > 1);
	while (lives(pid) && tries++ < 100)
		sys_sleep_ms(10);
	assert_false(lives(pid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_code), cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(no_program),	  cmocka_unit_test(a_crash),
		cmocka_unit_test(no_end),	  cmocka_unit_test(what_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
