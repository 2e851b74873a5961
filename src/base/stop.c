/* SPDX-License-Identifier: MIT */
/* Requests to stop. The handler notes the signal and nothing else. */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"

#define POLL_MS 500	/* a signal just before the wait is noticed after it */

static volatile sig_atomic_t stop;

static void take_signal(int number)
{
	stop = number;
}

/* A signal that is caught so also ends a wait, such as a read of a pipe. */
int stop_catch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	int rc = sys_catch_signals(numbers, ARRAY_SIZE(numbers), take_signal);

	return rc ? fail_sys(-rc, "cannot catch signals") : 0;
}

int stop_asked(void)
{
	return stop ? fail(EINTR, "stopped by signal %d", (int)stop) : 0;
}

int stop_wait_input(int fd)
{
	for (;;) {
		int rc = stop_asked();

		if (rc)
			return rc;
		rc = sys_wait_input(fd, POLL_MS);
		if (rc > 0)
			return 0;
		if (rc < 0 && rc != -EINTR)
			return fail_sys(-rc, "cannot wait for input");
	}
}
