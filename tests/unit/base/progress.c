/* SPDX-License-Identifier: MIT */
/* The progress line by a clock of the test's own: quiet when fast, tenths, one line redrawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"
#include "base/progress.h"

#define MIB (1u << 20)

static uint64_t clock_ms;
static int stderr_was;
static FILE *caught;

/* In place of base's: linked before it. */
uint64_t sys_now_ms(void)
{
	return clock_ms;
}

static int setup(void **state)
{
	(void)state;
	clock_ms = 5000;
	caught = tmpfile();
	assert_non_null(caught);
	progress_tell(PROGRESS_TEXT);
	stderr_was = dup(STDERR_FILENO);
	assert_true(stderr_was >= 0);
	assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
	return 0;
}

static void assert_said(const char *want)
{
	char text[2048] = "";

	assert_int_equal(fflush(stderr), 0);
	assert_true(dup2(stderr_was, STDERR_FILENO) >= 0);
	assert_int_equal(close(stderr_was), 0);
	rewind(caught);
	text[fread(text, 1, sizeof(text) - 1, caught)] = '\0';
	assert_int_equal(fclose(caught), 0);
	assert_string_equal(text, want);
}

static void work(struct progress *p, unsigned mib, unsigned ms_each)
{
	for (unsigned i = 0; i < mib; i++) {
		clock_ms += ms_each;
		progress_add(p, MIB);
	}
}

static void test_quiet_when_fast(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "working", "hard", 100 * MIB);
	work(&p, 100, 9);
	progress_end(&p);
	assert_said("");
}

static void test_plain_tenths(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "working", "hard", 40 * MIB);
	p.terminal = false;
	work(&p, 40, 100);
	progress_end(&p);
	assert_said("cowboot: working hard:  25%, 10 of 40 MiB, 1 s, 10 MiB/s, 3 s left\n"
		    "cowboot: working hard:  30%, 12 of 40 MiB, 1 s, 10 MiB/s, 3 s left\n"
		    "cowboot: working hard:  40%, 16 of 40 MiB, 1 s, 10 MiB/s, 3 s left\n"
		    "cowboot: working hard:  50%, 20 of 40 MiB, 2 s, 10 MiB/s, 2 s left\n"
		    "cowboot: working hard:  60%, 24 of 40 MiB, 2 s, 10 MiB/s, 2 s left\n"
		    "cowboot: working hard:  70%, 28 of 40 MiB, 2 s, 10 MiB/s, 2 s left\n"
		    "cowboot: working hard:  80%, 32 of 40 MiB, 3 s, 10 MiB/s, 1 s left\n"
		    "cowboot: working hard:  90%, 36 of 40 MiB, 3 s, 10 MiB/s, 1 s left\n"
		    "cowboot: working hard: 100%, 40 of 40 MiB, 4 s, 10 MiB/s\n");
}

static void test_terminal_redraws(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "working", "hard", 4 * MIB);
	p.terminal = true;
	work(&p, 2, 600);	/* 50 % after 1.2 s */
	work(&p, 1, 100);	/* too soon to draw again */
	work(&p, 1, 100);
	progress_end(&p);
	assert_said("\rcowboot: working hard:  50%, 2 of 4 MiB, 1 s, 1706 KiB/s, 2 s left\033[K"
		    "\rcowboot: working hard: 100%, 4 of 4 MiB, 1 s, 2925 KiB/s\033[K"
		    "\rcowboot: working hard: 100%, 4 of 4 MiB, 1 s, 2925 KiB/s\033[K\n");
}

/* Never above 100, never 100 before the end, and nothing overflows. */
static void test_bounds(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "working", "hard", UINT64_MAX);
	p.terminal = true;
	clock_ms += 2000;
	progress_set(&p, UINT64_MAX - 1);
	clock_ms += 2000;
	progress_set(&p, UINT64_MAX);
	p.total_bytes = 2 * MIB;
	clock_ms += 2000;
	progress_set(&p, 3 * MIB);
	assert_said("\rcowboot: working hard:  99%, 17592186044415 of 17592186044415 MiB, 2 s, 8796093022207 MiB/s, 1 s left\033[K"
		    "\rcowboot: working hard: 100%, 17592186044415 of 17592186044415 MiB, 4 s, 4398046511103 MiB/s\033[K"
		    "\rcowboot: working hard: 100%, 2 of 2 MiB, 6 s, 341 KiB/s\033[K");
}

static void test_total_not_known(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "reading", "", 0);
	p.terminal = false;
	work(&p, 25, 1000);
	progress_end(&p);
	assert_said("cowboot: reading: 10 MiB, 10 s, 1024 KiB/s\ncowboot: reading: 20 MiB, 20 s, 1024 KiB/s\n");
}

/* The beginning and the end of each step, and now and then what is between. */
static void test_json_lines(void **state)
{
	struct progress p;

	(void)state;
	progress_tell(PROGRESS_JSON);
	progress_begin(&p, "merging", "1.\"5", 4 * MIB);
	work(&p, 4, 200);
	progress_end(&p);
	progress_begin(&p, "reading", "", 0);
	progress_end(&p);
	assert_said("{\"step\": \"merging\", \"object\": \"1.\\\"5\", \"done_bytes\": 0, "
		    "\"total_bytes\": 4194304, \"percent\": 0, \"ms\": 0"
		    ", \"bytes_per_s\": null, \"left_s\": null, \"fetched_bytes\": null}\n"
		    "{\"step\": \"merging\", \"object\": \"1.\\\"5\", \"done_bytes\": 3145728, "
		    "\"total_bytes\": 4194304, \"percent\": 75, \"ms\": 600"
		    ", \"bytes_per_s\": 5242880, \"left_s\": 1, \"fetched_bytes\": null}\n"
		    "{\"step\": \"merging\", \"object\": \"1.\\\"5\", \"done_bytes\": 4194304, "
		    "\"total_bytes\": 4194304, \"percent\": 100, \"ms\": 800"
		    ", \"bytes_per_s\": 5242880, \"left_s\": 0, \"fetched_bytes\": null}\n"
		    "{\"step\": \"reading\", \"object\": null, \"done_bytes\": 0, "
		    "\"total_bytes\": null, \"percent\": null, \"ms\": 0"
		    ", \"bytes_per_s\": null, \"left_s\": null, \"fetched_bytes\": null}\n"
		    "{\"step\": \"reading\", \"object\": null, \"done_bytes\": 0, "
		    "\"total_bytes\": null, \"percent\": null, \"ms\": 0"
		    ", \"bytes_per_s\": null, \"left_s\": null, \"fetched_bytes\": null}\n");
}

/* Of what comes from a server. */
static void test_fetched(void **state)
{
	uint64_t fetched = 0;
	struct progress p;

	(void)state;
	progress_fetches(&fetched);
	progress_begin(&p, "installing", "2", 4 * MIB);
	p.terminal = false;
	fetched = 3 * MIB - 1;
	work(&p, 4, 500);
	progress_tell(PROGRESS_JSON);
	progress_end(&p);
	progress_fetches(NULL);
	assert_said("cowboot: installing 2:  50%, 2 of 4 MiB, 1 s, 2048 KiB/s, 1 s left, 2 MiB fetched\n"
		    "cowboot: installing 2:  75%, 3 of 4 MiB, 1 s, 2048 KiB/s, 1 s left, 2 MiB fetched\n"
		    "cowboot: installing 2: 100%, 4 of 4 MiB, 2 s, 2048 KiB/s, 2 MiB fetched\n"
		    "{\"step\": \"installing\", \"object\": \"2\", \"done_bytes\": 4194304, "
		    "\"total_bytes\": 4194304, \"percent\": 100, \"ms\": 2000"
		    ", \"bytes_per_s\": 2097152, \"left_s\": 0, \"fetched_bytes\": 3145727}\n");
}

static void test_none(void **state)
{
	struct progress p;

	(void)state;
	progress_tell(PROGRESS_NONE);
	progress_begin(&p, "merging", "", 4 * MIB);
	work(&p, 4, 2000);
	progress_end(&p);
	assert_said("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_quiet_when_fast, setup),
		cmocka_unit_test_setup(test_plain_tenths, setup),
		cmocka_unit_test_setup(test_terminal_redraws, setup),
		cmocka_unit_test_setup(test_bounds, setup),
		cmocka_unit_test_setup(test_total_not_known, setup),
		cmocka_unit_test_setup(test_json_lines, setup),
		cmocka_unit_test_setup(test_fetched, setup),
		cmocka_unit_test_setup(test_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
