/* SPDX-License-Identifier: MIT */
/*
 * Running a program, with an end.  Must never wait for it without a deadline (I10), and must leave
 * no descriptor open.
 */
#include "handoff/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/fail.h"
#include "base/sys.h"

#define POLL_MS 100
#define GRACE_MS 3000		/* from SIGTERM to SIGKILL, and from that to giving up */
#define EXIT_NO_PROGRAM 127	/* as a shell says it */
#define LINE_BYTES 200

struct running {
	pid_t pid;
	int out;		/* what it prints; -1: nothing more comes */
	void (*line)(const char *text);
	size_t len_bytes;
	char text[LINE_BYTES];
};

static void run_child(const char *path, char *const argv[], int out)
{
	static char *const envp[] = { "PATH=/bin:/sbin", "HOME=/", "TERM=dumb", NULL };
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	if (in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(out, STDERR_FILENO) >= 0)
		sys_exec(path, argv, envp);
	_exit(EXIT_NO_PROGRAM);
}

static int start(struct running *r, const char *path, char *const argv[])
{
	int pipe_fd[2];

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return fail_sys(errno, "cannot run %s", path);
	r->pid = fork();
	if (r->pid == 0)
		run_child(path, argv, pipe_fd[1]);
	close(pipe_fd[1]);
	r->out = pipe_fd[0];
	if (r->pid < 0) {
		int rc = fail_sys(errno, "cannot run %s", path);

		close(r->out);
		return rc;
	}
	/* Its output must never block us: a pipe that cannot be made non-blocking is not read at all. */
	if (fcntl(r->out, F_SETFL, O_NONBLOCK) < 0) {
		close(r->out);
		r->out = -1;
	}
	return 0;
}

static void end_line(struct running *r)
{
	r->text[r->len_bytes] = '\0';
	if (r->len_bytes && r->line)
		r->line(r->text);
	r->len_bytes = 0;
}

static void take(struct running *r, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* A carriage return, and what else draws a progress bar, ends a line as well. */
		if ((unsigned char)bytes[i] < ' ')
			end_line(r);
		else
			r->text[r->len_bytes++] = bytes[i];
		if (r->len_bytes == sizeof(r->text) - 1)
			end_line(r);
	}
}

/* Waits a moment for what it prints, and hands that on. */
static void listen_once(struct running *r, int wait_ms)
{
	struct pollfd ready = { .fd = r->out, .events = POLLIN };
	char bytes[512];
	ssize_t got;

	if (r->out < 0 || poll(&ready, 1, wait_ms) <= 0) {
		if (r->out < 0)
			sys_sleep_ms((unsigned)wait_ms);
		return;
	}
	got = read(r->out, bytes, sizeof(bytes));
	if (got > 0) {
		take(r, bytes, (size_t)got);
	} else if (got == 0 || errno != EAGAIN) {
		close(r->out);
		r->out = -1;
	}
}

/* Whether it has ended by end_ms. */
static bool wait_until(struct running *r, uint64_t end_ms, int *ret_status)
{
	do {
		pid_t pid = waitpid(r->pid, ret_status, WNOHANG);

		if (pid == r->pid || (pid < 0 && errno == ECHILD))
			return true;
		listen_once(r, POLL_MS);
		alive();
	} while (sys_now_ms() < end_ms);
	return false;
}

/* Kills what is left of its session, and hands on the rest of what it printed. */
static void finish(struct running *r)
{
	kill(-r->pid, SIGKILL);
	for (int i = 0; i < LINE_BYTES && r->out >= 0; i++)
		listen_once(r, 0);
	end_line(r);
	if (r->out >= 0)
		close(r->out);
}

int run_bounded(const char *path, char *const argv[], unsigned limit_s,
		void (*line)(const char *text), int *ret_code)
{
	struct running r = { .line = line };
	bool ended, late;
	int status = 0, rc = start(&r, path, argv);

	if (rc < 0)
		return rc;
	ended = wait_until(&r, sys_now_ms() + limit_s * 1000ull, &status);
	late = !ended;
	if (!ended) {
		kill(-r.pid, SIGTERM);
		ended = wait_until(&r, sys_now_ms() + GRACE_MS, &status);
	}
	if (!ended) {
		kill(-r.pid, SIGKILL);
		ended = wait_until(&r, sys_now_ms() + GRACE_MS, &status);
	}
	finish(&r);
	if (late)
		return fail(ETIME, "%s took longer than %u s%s", path, limit_s,
			    ended ? ", and was ended" : ", and cannot be ended");
	if (WIFSIGNALED(status))
		return fail(ECANCELED, "%s was ended by signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		return fail(ENOEXEC, "cannot run %s", path);
	*ret_code = WEXITSTATUS(status);
	return 0;
}
