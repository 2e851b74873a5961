/* SPDX-License-Identifier: MIT */
/* A child without rights, at the other end of a pair of sockets. */
#include "base/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"

#define NOBODY 65534
#define OURS 0			/* the descriptor that is left */

static bool become_nobody(void)
{
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool give_up_all(int fd)
{
	static const struct rlimit none = { 0, 0 };
	static const int limits[] = { RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_NPROC };
	static const int keys[] = { SIGINT, SIGQUIT, SIGTSTP };
	bool is_nobody;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		(void)signal(keys[i], SIG_IGN);	/* they are for our parent, which ends us */
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(fd, OURS) < 0 || syscall(SYS_close_range, OURS + 1, ~0u, 0) < 0)
		return false;
	is_nobody = become_nobody();
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (setrlimit(limits[i], &none) < 0)
			return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0 || is_nobody;
}

int confine_start(void (*work)(void *ctx, int fd), void *ctx, struct confined *ret_confined)
{
	int pair[2], errnum;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		if (give_up_all(pair[1]))
			work(ctx, OURS);
		for (;;)	/* _exit ends all threads, by a call that is not allowed */
			(void)syscall(SYS_exit, 0);
	}
	errnum = errno;
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return -errnum;
	}
	*ret_confined = (struct confined){ pair[0], pid };
	return 0;
}

void confine_end(struct confined *confined)
{
	(void)close(confined->fd);
	(void)kill(confined->pid, SIGKILL);
	while (waitpid(confined->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int confine_send(const struct confined *confined, const void *data, size_t len_bytes)
{
	for (size_t done = 0; done < len_bytes;) {
		ssize_t put = send(confined->fd, (const char *)data + done, len_bytes - done,
				   MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		done += (size_t)put;
	}
	return 0;
}

int confine_receive(const struct confined *confined, void *buf, size_t len_bytes)
{
	return confine_get(confined->fd, buf, len_bytes);
}

/* Where nobody reads any more, a signal ends the process. */
int confine_put(int fd, const void *data, size_t len_bytes)
{
	for (size_t done = 0; done < len_bytes;) {
		ssize_t put = write(fd, (const char *)data + done, len_bytes - done);

		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

int confine_get(int fd, void *buf, size_t len_bytes)
{
	for (size_t have = 0; have < len_bytes;) {
		ssize_t got = read(fd, (char *)buf + have, len_bytes - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 && errno != ECONNRESET ? -errno : -EPIPE;
		have += (size_t)got;
	}
	return 0;
}
