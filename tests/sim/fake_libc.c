/* SPDX-License-Identifier: MIT */
/* The few calls that shipped code makes past base/sys.h: the kernel log, the lock, the bundle. */
#include "fake_libc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "esp.h"
#include "sim.h"

enum { FD_KMSG = 901, FD_LOCK, FD_BUNDLE, FD_HELD };

static size_t bundle_at;

int sim_open(const char *path, int flags, ...)
{
	(void)flags;
	if (!strcmp(path, "/dev/kmsg"))
		return FD_KMSG;
	if (!strcmp(path, "/run/cowboot/lock"))
		return FD_LOCK;
	if (!strcmp(path, "/bundle")) {
		bundle_at = 0;
		return FD_BUNDLE;
	}
	if (!strncmp(path, "/dev/sim", 8))
		return FD_HELD;
	errno = ENOENT;
	return -1;
}

int sim_close(int fd)
{
	(void)fd;
	return 0;
}

ssize_t sim_read(int fd, void *buf, size_t len_bytes)
{
	long got;

	if (fd != FD_BUNDLE) {
		errno = EBADF;
		return -1;
	}
	got = bundle_take(bundle_at, buf, len_bytes);
	bundle_at += (size_t)got;
	return got;
}

int sim_skip(uint64_t len_bytes)
{
	int rc = bundle_left(bundle_at, len_bytes);

	if (!rc)
		bundle_at += (size_t)len_bytes;
	return rc;
}

ssize_t sim_write(int fd, const void *buf, size_t len_bytes)
{
	if (esp_is_open(fd))
		return esp_write(fd, buf, len_bytes);
	if (verbose && fd == FD_KMSG)
		say("%.*s", (int)len_bytes - 1, (const char *)buf);
	return (ssize_t)len_bytes;
}

int sim_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	(void)timeout_ms;
	for (nfds_t i = 0; i < count; i++)
		fds[i].revents = fds[i].events;
	return (int)count;
}

int sim_flock(int fd, int operation)
{
	(void)fd;
	(void)operation;
	return 0;
}

int sim_isatty(int fd)
{
	(void)fd;
	return 0;
}

pid_t sim_getpid(void)
{
	return 1;
}

uid_t sim_geteuid(void)
{
	return 0;
}

int sim_sigaction(int number, const struct sigaction *action, struct sigaction *ret_before)
{
	(void)number;
	(void)action;
	(void)ret_before;
	return 0;
}

int sim_sigprocmask(int how, const sigset_t *set, sigset_t *ret_before)
{
	(void)how;
	(void)set;
	(void)ret_before;
	return 0;
}
