/* SPDX-License-Identifier: MIT */
/*
 * /sbin/init of the tiny test root: a shell on the console, and a command channel for the tests
 * (channel.h). It mounts nothing that cowboot's init has to hand over: what is missing then, the
 * tests must see missing. /etc/version (256 bytes, patched in place by image.py) says which version
 * this is and how it behaves.
 */
#define _GNU_SOURCE
#include "channel.h"
#include "feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONSOLE "/dev/console"

static pid_t shell;
static char version[64] = "unknown", behave[16] = "ok";

static void say(const char *what, const char *more)
{
	dprintf(2, "tiny: %s%s\n", what, more);
}

static void read_version(void)
{
	char text[257] = "";
	int fd = open("/etc/version", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 ||
	    sscanf(text, "version %63s behave %15s", version, behave) != 2)
		say("cannot read /etc/version", "");
	if (fd >= 0)
		close(fd);
}

static void misbehave(void)
{
	int fd;

	if (!strcmp(behave, "exit"))		/* the kernel panics when PID 1 ends */
		_exit(7);
	if (!strcmp(behave, "hang")) {
		say("hanging, as told", "");
		for (;;)
			pause();
	}
	if (strcmp(behave, "panic"))
		return;
	fd = open("/proc/sysrq-trigger", O_WRONLY);
	if (fd < 0 || write(fd, "c", 1) != 1)
		say("cannot panic: ", strerror(errno));
}

/* A file of the kernel's or of cowboot's, as a text; empty: it is not there. */
static void read_text(const char *path, char *buf, size_t size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, size_bytes - 1);

	buf[len < 0 ? 0 : len] = 0;
	if (fd >= 0)
		close(fd);
}

/* Which version this is, and on which board, for a person. */
static void make_prompt(void)
{
	char conf[4096], board[64], prompt[160] = "# ";
	const char *line;

	read_text("/run/cowboot/cowboot.conf", conf, sizeof(conf));
	line = strstr(conf, "board ");
	if (line && (line == conf || line[-1] == '\n') && sscanf(line, "board %63s", board) == 1)
		snprintf(prompt, sizeof(prompt), "%s on %s # ", version, board);
	setenv("PS1", prompt, 1);
}

/* Where `make qemu` brings a bundle on the second disk, the disk's serial number says how long it is. */
static void tell_what_to_do(void)
{
	char serial[32];
	unsigned long long bytes;

	read_text("/sys/block/vdb/serial", serial, sizeof(serial));
	if (sscanf(serial, "update-%llu", &bytes) != 1)
		return;
	dprintf(2, "\nThere is an update on the second disk. To install it, try it, and confirm it, type:\n"
		"    head -c %llu /dev/vdb | cowboot install -\n"
		"    reboot\n"
		"    cowboot mark-good --wait\n"
		"`cowboot status` says where you are. To leave QEMU: Ctrl-A X.\n\n", bytes);
}

static void start_shell(void)
{
	sigset_t none;
	int fd;

	shell = fork();
	if (shell)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd = open(CONSOLE, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ||
	    dup2(fd, 2) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-i", (char *)NULL);
	_exit(127);
}

static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == shell) {
			sleep(1);	/* a shell that cannot start must not spin */
			start_shell();
		}
}

static void leave(int how)
{
	say(how == RB_AUTOBOOT ? "rebooting" : "powering off", "");
	kill(-1, SIGKILL);
	for (int i = 0; i < 50 && umount("/data") && errno == EBUSY; i++)
		usleep(20000);	/* the killed still hold their files */
	sync();
	reboot(how);
}

static void handle_signal(int sigfd)
{
	struct signalfd_siginfo si;

	if (read(sigfd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD)
		reap();
	else
		leave(si.ssi_signo == SIGTERM ? RB_AUTOBOOT : RB_POWER_OFF);
}

static void serve(int *port)
{
	switch (channel_serve(*port)) {
	case CHANNEL_ON:
		return;
	case CHANNEL_REBOOT:
		leave(RB_AUTOBOOT);
		return;
	case CHANNEL_POWEROFF:
		leave(RB_POWER_OFF);
		return;
	case CHANNEL_LOST:
		say("the command channel is lost", "");
		close(*port);
		*port = -1;
	}
}

int main(void)
{
	sigset_t set;
	int sigfd, port, err;

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	read_version();
	misbehave();
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL))
		say("cannot mount /tmp: ", strerror(errno));
	err = feeder_start();
	if (err)
		say("cannot feed the watchdog: ", strerror(-err));
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);	/* toybox reboot */
	sigaddset(&set, SIGUSR1);	/* toybox halt */
	sigaddset(&set, SIGUSR2);	/* toybox poweroff */
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC);
	say("up, version ", version);
	make_prompt();
	tell_what_to_do();
	start_shell();
	port = channel_open();
	if (port < 0 && port != -ENODEV)	/* a person's board has none */
		say("no command channel: ", strerror(-port));
	if (port >= 0 && channel_hello(port, version))
		say("cannot greet the host", "");
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = sigfd, .events = POLLIN },
			{ .fd = port, .events = POLLIN },
		};

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents)
			handle_signal(sigfd);
		if (p[1].revents)
			serve(&port);
	}
}
