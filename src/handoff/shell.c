/* SPDX-License-Identifier: MIT */
/*
 * A shell for a person at the console.  It changes nothing by itself; it waits for that person, and
 * only here may PID 1 wait so.
 */
#include "handoff/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "handoff/watchdog.h"

#define WAIT_MS 200

static void run_child(void)
{
	static char *const argv[] = { "sh", NULL };
	static char *const envp[] = { "PATH=/bin", "HOME=/", "TERM=linux", "PS1=recovery# ", NULL };
	int fd;

	setsid();
	fd = open("/dev/console", O_RDWR);
	if (fd >= 0) {
		/*
		 * A controlling terminal, so that Ctrl-C reaches the command and not nobody; the
		 * console may refuse.
		 */
		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		if (fd > 2)
			close(fd);
	}
	sys_exec("/bin/sh", argv, envp);
	_exit(127);
}

static void show(int fd, const char *text)
{
	/* Nobody may be listening; there is no one to tell. */
	if (write(fd, text, strlen(text)) < 0)
		return;
}

int shell_run(const char *reason)
{
	char text[1024];
	int fd, status = 0;
	pid_t pid, ended;

	snprintf(text, sizeof(text),
		 "\n\n*** cowboot: recovery ***\n\nNo system was started: %s.\n\n"
		 "This is a shell in the initramfs. `dmesg | grep cowboot` shows what was tried.\n"
		 "`exit` starts the board again.\n\n",
		 reason);
	fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		show(fd, text);
		close(fd);
	}
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child();
	/* As long as PID 1 comes by here it has not hung; the person takes the time it takes. */
	while ((ended = waitpid(-1, &status, WNOHANG)) != pid && (ended >= 0 || errno == EINTR)) {
		watchdog_feed();
		if (ended == 0)
			sys_sleep_ms(WAIT_MS);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOEXEC : 0;
}
