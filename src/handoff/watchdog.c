/* SPDX-License-Identifier: MIT */
/*
 * The hardware watchdog, by the kernel's interface (Documentation/watchdog/watchdog-api.rst).  Must
 * never feed from a timer or past a step's limit, or a board that hangs would hang for ever (I10);
 * must never write the 'V' that makes closing it stop it.
 */
#include "handoff/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/control.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"

#define FEED_PAUSE_MS 500	/* feeding more often gains nothing */

static int device = -1;
static const char *step = "the boot";
static unsigned step_s;
static uint64_t step_end_ms;	/* 0: the step has no limit */
static uint64_t fed_ms;
static bool late;

/* The time the device really takes; some know only few. */
static void set_timeout(const char *path, unsigned want_s)
{
	int s = (int)want_s;

	int rc = control(device, WDIOC_SETTIMEOUT, &s);

	if (rc < 0)
		log_warn("watchdog: cannot set %s to %u s: %s", path, want_s, strerror(-rc));
	if (control(device, WDIOC_GETTIMEOUT, &s) < 0)
		s = 0;	/* the line below says so */
	if (s)
		log_info("watchdog: %s resets the board when not fed for %d s", path, s);
	else
		log_warn("watchdog: %s does not tell how long it waits", path);
}

/*
 * A driver without magic close stops when it is closed, unless nowayout forbids that; nothing tells
 * whether it does.
 */
static void look_whether_it_stays(const char *path)
{
	struct watchdog_info info = { .options = WDIOF_MAGICCLOSE };

	if (control(device, WDIOC_GETSUPPORT, &info) == 0 && !(info.options & WDIOF_MAGICCLOSE))
		log_warn("watchdog: %s may stop when init hands it on: its driver knows no magic close; "
			 "give the module nowayout=1", path);
}

int watchdog_open(const char *path, unsigned timeout_s, bool *ret_reset)
{
	int status = 0;

	device = open(path, O_WRONLY | O_CLOEXEC);
	if (device < 0)
		return fail_sys(errno, "cannot open the watchdog %s", path);
	set_timeout(path, timeout_s);
	look_whether_it_stays(path);
	/* Not every driver knows why the board started. */
	*ret_reset = control(device, WDIOC_GETBOOTSTATUS, &status) == 0 &&
		     status & WDIOF_CARDRESET;
	return 0;
}

static void feed(uint64_t now_ms)
{
	int rc = control(device, WDIOC_KEEPALIVE, NULL);

	fed_ms = now_ms;
	if (rc < 0)
		log_warn("watchdog: cannot feed it: %s", strerror(-rc));
}

void watchdog_step(const char *what, unsigned limit_s)
{
	step = what;
	step_s = limit_s;
	step_end_ms = limit_s == WATCHDOG_NO_LIMIT ? 0 : sys_now_ms() + limit_s * 1000ull;
	late = false;
	if (device >= 0)
		feed(sys_now_ms());
}

void watchdog_feed(void)
{
	uint64_t now_ms;

	if (device < 0 || late)
		return;
	now_ms = sys_now_ms();
	late = step_end_ms && now_ms > step_end_ms;
	if (late)
		log_error("watchdog: not fed any more, a reset will follow: %s takes longer than "
			  "%u s", step, step_s);
	else if (now_ms - fed_ms >= FEED_PAUSE_MS)
		feed(now_ms);
}

void watchdog_hand_on(void)
{
	if (device < 0)
		return;
	feed(sys_now_ms());
	/*
	 * Without a 'V' before it this leaves the watchdog running, which the kernel logs as critical;
	 * for a driver that stops nevertheless, watchdog_open has warned.
	 */
	(void)close(device);
	device = -1;
}
