/* SPDX-License-Identifier: MIT */
/* Which verbs the board's program has, and what it says to those that only the build host's has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/cli.h"

int cli_main(int argc, char **argv);
int host_main(int argc, char **argv);

/* What main says on a descriptor to the words. */
static int say(int (*program)(int, char **), int descriptor, char *said, size_t said_bytes,
	       const char *words)
{
	static char line[128], name[] = "cowboot";
	char *argv[8] = { name };
	int argc = 1, kept = dup(descriptor), code;
	FILE *file = tmpfile();
	size_t len;

	assert_non_null(file);
	snprintf(line, sizeof(line), "%s", words);
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	fflush(NULL);
	assert_true(dup2(fileno(file), descriptor) == descriptor);
	code = program(argc, argv);
	fflush(NULL);
	assert_true(dup2(kept, descriptor) == descriptor);
	close(kept);
	rewind(file);
	len = fread(said, 1, said_bytes - 1, file);
	said[len] = 0;
	fclose(file);
	return code;
}

static void only_on_the_host(void **state)
{
	static const struct {
		const char *words, *verb;
	} cases[] = {
		{ "bundle create", "bundle create" },
		{ "bundle create -o x --version 2 system=a:b", "bundle create" },
		{ "store", "store" }, { "store size 1", "store" }, { "store --help", "store" },
		{ "help store", "store" },
	};
	char said[512], want[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(say(cli_main, STDERR_FILENO, said, sizeof(said), cases[i].words),
				 EXIT_FAILED);
		snprintf(want, sizeof(want), "cowboot: cannot run %s: only the build host's cowboot "
			 "has it\n", cases[i].verb);
		assert_string_equal(said, want);
	}
}

static void help_lists_what_there_is(void **state)
{
	char board[4096], host[4096];

	(void)state;
	assert_int_equal(say(cli_main, STDOUT_FILENO, board, sizeof(board), "--help"), EXIT_DONE);
	assert_int_equal(say(host_main, STDOUT_FILENO, host, sizeof(host), "--help"), EXIT_DONE);
	assert_non_null(strstr(board, "  cowboot bundle info BUNDLE | verify BUNDLE\n"));
	assert_null(strstr(board, "create"));
	assert_null(strstr(board, "cowboot store"));
	assert_non_null(strstr(host, "  cowboot bundle create -o OUT"));
	assert_non_null(strstr(host, "  cowboot store create OLD NEW"));
	assert_non_null(strstr(board, "  cowboot install "));
	assert_non_null(strstr(host, "  cowboot install "));
}

static void both_look_at_bundles(void **state)
{
	static int (*const programs[])(int, char **) = { cli_main, host_main };
	char said[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		assert_int_equal(say(programs[i], STDERR_FILENO, said, sizeof(said),
				     "bundle info /nothing/there"), EXIT_FAILED);
		assert_string_equal(said, "cowboot: cannot read /nothing/there: cannot open it: No "
				    "such file or directory\n");
		assert_int_equal(say(programs[i], STDERR_FILENO, said, sizeof(said), "bundle"),
				 EXIT_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_on_the_host),
		cmocka_unit_test(help_lists_what_there_is),
		cmocka_unit_test(both_look_at_bundles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
