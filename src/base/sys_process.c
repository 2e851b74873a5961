/* SPDX-License-Identifier: MIT */
/* The seam's part for this process: what it is, its signals and its standard files. */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"

static sigset_t before_hold;

/* linux/ioprio.h, which libc has no header for. */
#define IO_WHO_PROCESS 1
#define IO_CLASS_IDLE (3 << 13)

int sys_io_idle(bool idle)
{
	static long before;	/* 0: no class, which goes by the process' niceness */
	long rc;

	if (!idle)
		return syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, before) < 0 ? -errno : 0;
	rc = syscall(SYS_ioprio_get, IO_WHO_PROCESS, 0);
	if (rc >= 0) {
		before = rc;
		rc = syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, IO_CLASS_IDLE);
	}
	return rc < 0 ? -errno : 0;
}

int sys_exec(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	return -errno;
}

unsigned sys_hold_standard(void)
{
	unsigned closed = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		closed |= 1u << fd;
		/* The lowest number that is free is this one. Anything is better than a disk there. */
		if (open("/dev/null", O_RDWR | O_NOCTTY) < 0)
			(void)open("/", O_PATH);
	}
	return closed;
}

bool sys_is_first(void)
{
	return getpid() == 1;
}

bool sys_is_child_of_first(void)
{
	return getppid() == 1;
}

bool sys_is_root(void)
{
	return geteuid() == 0;
}

bool sys_is_terminal(int fd)
{
	return isatty(fd) == 1;
}

/* No SA_RESTART: a wait for a pipe must end. */
int sys_catch_signals(const int *numbers, size_t count, void (*take)(int number))
{
	struct sigaction action = { .sa_handler = take };

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < count; i++)
		if (sigaction(numbers[i], &action, NULL) < 0)
			return -errno;
	return 0;
}

void sys_ignore_keys(bool ignore)
{
	static const int keys[] = { SIGINT, SIGQUIT, SIGTSTP };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		(void)signal(keys[i], ignore ? SIG_IGN : SIG_DFL);
}

int sys_hold_signals(bool hold)
{
	sigset_t all;

	if (!hold)
		return sigprocmask(SIG_SETMASK, &before_hold, NULL) < 0 ? -errno : 0;
	(void)sigfillset(&all);
	return sigprocmask(SIG_BLOCK, &all, &before_hold) < 0 ? -errno : 0;
}
