/* SPDX-License-Identifier: MIT */
/*
 * Child processes for work that a dead disk may hold up. child_run must never wait without a bound
 * (I10).
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/sys.h"

#define POLL_MS 50
#define STOP_POLL_MS 5

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

/* In the child: standard input and output, and no other descriptor of ours. */
static void become(char *const argv[], const char *path, int input, int output)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 ||
	    syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) < 0)
		return;
	(void)execvp(argv[0], argv);
	(void)execv(path, argv);
}

/* A file without a name, at its first byte: any length, and nobody has to write while it is read. */
static int file_of(const void *data, size_t len_bytes)
{
	int fd = memfd_create("input", MFD_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = sys_write(fd, data, len_bytes);
	if (!rc && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc)
		(void)close(fd);
	return rc ? rc : fd;
}

int child_program(char *const argv[], const char *path, const void *input, size_t input_bytes,
		  int *ret_fd)
{
	int ends[2], pid, in = file_of(input, input_bytes);

	if (in < 0)
		return in;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		pid = -errno;
		(void)close(in);
		return pid;
	}
	pid = fork();
	if (pid == 0) {
		become(argv, path, in, ends[1]);
		_exit(CHILD_NO_PROGRAM);
	}
	if (pid < 0)
		pid = -errno;
	(void)close(in);
	(void)close(ends[1]);
	if (pid < 0)
		(void)close(ends[0]);
	else
		*ret_fd = ends[0];
	return pid;
}

int child_stop(int child, unsigned limit_ms)
{
	const uint64_t end_ms = sys_now_ms() + limit_ms;
	int status = 0, code;

	while (limit_ms && sys_now_ms() < end_ms) {
		if (child_has_ended(child, &code))
			return code;
		sys_sleep_ms(STOP_POLL_MS);
	}
	(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -SIGKILL;
	return code_of(status);
}
