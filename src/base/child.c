/* SPDX-License-Identifier: MIT */
/*
 * Child processes for work that a dead disk may hold up. child_run must never wait without a bound
 * (I10).
 */
#include "base/child.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/sys.h"

#define POLL_MS 50

int child_run(void (*work)(void *ctx), void *ctx, unsigned limit_ms, uint64_t (*left)(void))
{
	uint64_t end_ms = sys_now_ms() + limit_ms, least = left ? left() : 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		work(ctx);
		_exit(0);
	}
	for (;;) {
		pid_t ended = waitpid(pid, NULL, WNOHANG);

		if (ended == pid || (ended < 0 && errno == ECHILD))
			return 0;
		if (sys_now_ms() >= end_ms) {
			const uint64_t now = left ? left() : least;

			/*
			 * Less is left at each further wait, so the number of waits is bounded (I10).
			 */
			if (now >= least)
				return -ETIME;
			least = now;
			end_ms += limit_ms;
		}
		alive();
		sys_sleep_ms(POLL_MS);
	}
}

int child_start(int (*work)(void *ctx), void *ctx)
{
	pid_t pid;
	int code;

	(void)fflush(stdout);	/* or the child would print it once more */
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		sys_ignore_keys(false);
		code = work(ctx);
		(void)fflush(stdout);	/* nobody is told by then */
		_exit(code);
	}
	return pid;
}

static int code_of(int status)
{
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool child_has_ended(int child, int *ret_code)
{
	int status = 0;

	if (waitpid(child, &status, WNOHANG) != child)
		return false;
	*ret_code = code_of(status);
	return true;
}

int child_wait(int (*work)(void *ctx), void *ctx, int *ret_code)
{
	int status = 0, pid = child_start(work, ctx);

	if (pid < 0)
		return pid;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_code = code_of(status);
	return 0;
}
