/* SPDX-License-Identifier: MIT */
/* Requests to stop. The handler notes the signal and nothing else. */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"

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
