/* SPDX-License-Identifier: MIT */
/* When the watchdog is fed and when not: over a file that stands for the device, with a clock by hand. */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/control.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "handoff/watchdog.h"

static uint64_t now_ms = 1000;
static unsigned feeds;
static int timeout_s, status, device;
static uint32_t options = WDIOF_SETTIMEOUT | WDIOF_KEEPALIVEPING | WDIOF_MAGICCLOSE;
static char said[1024], path[] = "/tmp/cowboot-watchdog-XXXXXX";

uint64_t sys_now_ms(void)
{
	return now_ms;
}

/* What base/control.h calls; nothing else here calls it so. */
long syscall(long number, ...)
{
	unsigned long request;
	int *value;
	va_list args;

	assert_int_equal(number, SYS_ioctl);
	va_start(args, number);
	device = va_arg(args, int);
	request = va_arg(args, unsigned long);
	value = va_arg(args, int *);
	va_end(args);
	if (request == WDIOC_SETTIMEOUT)
		timeout_s = *value;
	else if (request == WDIOC_GETTIMEOUT)
		*value = timeout_s;
	else if (request == WDIOC_GETBOOTSTATUS)
		*value = status;
	else if (request == WDIOC_GETSUPPORT)
		((struct watchdog_info *)(void *)value)->options = options;
	else if (request == WDIOC_KEEPALIVE)
		feeds++;
	else
		assert_true(false);
	return 0;
}

static void hear(enum log_level level, const char *line)
{
	(void)level;
	assert_true(strlen(said) + strlen(line) + 2 < sizeof(said));
	(void)strcat(strcat(said, line), "\n");
}

static int setup(void **state)
{
	bool reset = true;

	(void)state;
	log_setup("t", hear, LOG_INFO);
	feeds = 0;
	status = 0;
	said[0] = '\0';
	assert_int_equal(watchdog_open(path, 30, &reset), 0);
	assert_false(reset);
	assert_int_equal(timeout_s, 30);
	said[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	watchdog_hand_on();
	return 0;
}

/* Feeds at each sign of life, but not more often than makes sense. */
static void test_feeds(void **state)
{
	(void)state;
	watchdog_step("step", 10);
	assert_int_equal(feeds, 1);
	watchdog_feed();
	assert_int_equal(feeds, 1);
	for (int i = 0; i < 9; i++) {
		now_ms += 1000;
		watchdog_feed();
	}
	assert_int_equal(feeds, 10);
	assert_string_equal(said, "");
}

/* Past its limit a step is not helped any more, whatever it still gets done; the next one is. */
static void test_limit(void **state)
{
	(void)state;
	watchdog_step("waiting for a disk", 10);
	now_ms += 10000;
	watchdog_feed();
	assert_int_equal(feeds, 2);
	for (int i = 0; i < 100; i++) {
		now_ms += 1000;
		watchdog_feed();
	}
	assert_int_equal(feeds, 2);
	assert_string_equal(said, "t: watchdog: not fed any more, a reset will follow: waiting for a "
				  "disk takes longer than 10 s\n");
	watchdog_step("the next", 10);
	assert_int_equal(feeds, 3);
	now_ms += 1000;
	watchdog_feed();
	assert_int_equal(feeds, 4);
}

static void test_no_limit(void **state)
{
	(void)state;
	watchdog_step("a person", WATCHDOG_NO_LIMIT);
	now_ms += 100000000;
	watchdog_feed();
	assert_int_equal(feeds, 2);
}

/* Fed once more, closed, and nothing written: least of all the 'V' that would stop it. */
static void test_hand_on(void **state)
{
	struct stat st;

	(void)state;
	watchdog_hand_on();
	assert_int_equal(feeds, 1);
	assert_int_equal(fcntl(device, F_GETFD), -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	now_ms += 1000;
	watchdog_step("step", 10);
	watchdog_feed();
	watchdog_hand_on();
	assert_int_equal(feeds, 1);
}

/* One that stops when it is closed is told of while there is time to do something. */
static void test_no_magic_close(void **state)
{
	bool reset;

	(void)state;
	watchdog_hand_on();
	assert_int_equal(watchdog_open(path, 30, &reset), 0);
	assert_null(strstr(said, "may stop"));
	watchdog_hand_on();
	options &= ~(uint32_t)WDIOF_MAGICCLOSE;
	assert_int_equal(watchdog_open(path, 30, &reset), 0);
	options |= WDIOF_MAGICCLOSE;
	assert_non_null(strstr(said, "may stop when init hands it on: its driver knows no magic close"));
}

static void test_last_reset(void **state)
{
	bool reset = false;

	(void)state;
	watchdog_hand_on();
	status = WDIOF_CARDRESET | WDIOF_OVERHEAT;
	assert_int_equal(watchdog_open(path, 30, &reset), 0);
	assert_true(reset);
}

static void test_none(void **state)
{
	bool reset = false;

	(void)state;
	watchdog_hand_on();
	feeds = 0;
	assert_int_equal(watchdog_open("/nowhere/watchdog", 30, &reset), -ENOENT);
	assert_string_equal(fail_text(), "cannot open the watchdog /nowhere/watchdog: No such file or "
					 "directory");
	watchdog_step("step", 1);
	now_ms += 5000;
	watchdog_feed();
	assert_int_equal(feeds, 0);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_feeds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hand_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_magic_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
