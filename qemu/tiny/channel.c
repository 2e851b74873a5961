/* SPDX-License-Identifier: MIT */
/*
 * Serves the command channel of the tiny test root (protocol: channel.h). A request that fails ends
 * with a code, never with a guest that hangs: the host's timeout is for the commands themselves.
 * Holds none of I1-I12; the tests of I1-I12 speak through it.
 */
#define _GNU_SOURCE
#include "channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_NAME "cowboot\n"
#define COMMAND_MAX_BYTES 65536

static _Alignas(4096) char buffer[65536];

static int write_all(int fd, const char *p, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t n = write(fd, p, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

/* Reads exactly len_bytes; a port whose host went away reads as end of file. */
static int read_all(int fd, char *p, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t n = read(fd, p, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EPIPE;
		p += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

static int read_line(int fd, char *line, size_t size_bytes)
{
	for (size_t i = 0; i < size_bytes; i++) {
		int err = read_all(fd, line + i, 1);

		if (err)
			return err;
		if (line[i] == '\n') {
			line[i] = 0;
			return 0;
		}
	}
	return -EMSGSIZE;
}

static int send_out(int fd, const char *p, size_t len_bytes)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "out %zu\n", len_bytes);
	int err = write_all(fd, head, (size_t)n);

	return err ? err : write_all(fd, p, len_bytes);
}

static int send_end(int fd, int code)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "end %d\n", code);

	return write_all(fd, line, (size_t)n);
}

static void exec_shell(const char *command, int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
	    setsid() < 0 || sigprocmask(SIG_SETMASK, &none, NULL))
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/*
 * Passes the command's output on until the command itself ended, not until the pipe is closed: a
 * command may leave a process behind that holds the pipe (`sleep 100 &`), and that must not hold up
 * the test.
 */
static int relay(int fd, int out, int pidfd)
{
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = out, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};
		ssize_t n;
		int err;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (!(p[0].revents & POLLIN)) {
			if (p[1].revents)
				return 0;
			if (p[0].revents)	/* the command closed its output but runs on */
				(void)poll(p + 1, 1, -1);
			continue;
		}
		n = read(out, buffer, sizeof(buffer));
		if (n < 0)
			return -errno;
		err = n ? send_out(fd, buffer, (size_t)n) : 0;
		if (err)
			return err;
	}
}

static int serve_run(int fd, size_t len_bytes)
{
	static char command[COMMAND_MAX_BYTES + 1];
	int out[2], pidfd, status, err;
	pid_t pid;

	if (len_bytes > COMMAND_MAX_BYTES)
		return -EMSGSIZE;
	err = read_all(fd, command, len_bytes);
	if (err)
		return err;
	command[len_bytes] = 0;
	if (pipe2(out, O_CLOEXEC) < 0)
		return send_end(fd, 125);
	pid = fork();
	if (!pid)
		exec_shell(command, out[1]);
	close(out[1]);
	pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		close(out[0]);
		return send_end(fd, 125);
	}
	err = relay(fd, out[0], pidfd);
	close(out[0]);
	close(pidfd);
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	if (err)
		return err;
	return send_end(fd, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static int serve_put(int fd, size_t len_bytes, const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int code = file < 0 ? errno : 0;

	while (len_bytes) {	/* the data is drained even when it has nowhere to go */
		size_t n = len_bytes < sizeof(buffer) ? len_bytes : sizeof(buffer);
		int err = read_all(fd, buffer, n);

		if (err)
			return err;
		if (!code)
			code = -write_all(file, buffer, n);
		len_bytes -= n;
	}
	if (file >= 0 && close(file) && !code)
		code = errno;
	return send_end(fd, code);
}

/* A device past its cache: that may be stale, or hold what a mounted file system never writes. */
static int open_to_get(const char *path)
{
	struct stat st;
	int past = !stat(path, &st) && S_ISBLK(st.st_mode) ? O_DIRECT : 0;

	return open(path, O_RDONLY | O_CLOEXEC | past);
}

static int serve_get(int fd, const char *path)
{
	int file = open_to_get(path);
	int code = file < 0 ? errno : 0, err = 0;

	while (!code && !err) {
		ssize_t n = read(file, buffer, sizeof(buffer));

		if (!n)
			break;
		if (n < 0)
			code = errno;
		else
			err = send_out(fd, buffer, (size_t)n);
	}
	if (file >= 0)
		close(file);
	return err ? err : send_end(fd, code);
}

int channel_open(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *e;
	int ret = -ENODEV;

	while (dir && (e = readdir(dir))) {
		char path[320], name[64] = "";
		int fd;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, name, sizeof(name) - 1) > 0 && !strcmp(name, PORT_NAME)) {
			snprintf(path, sizeof(path), "/dev/%s", e->d_name);
			ret = open(path, O_RDWR | O_CLOEXEC);
			if (ret < 0)
				ret = -errno;
		}
		close(fd);
	}
	if (dir)
		closedir(dir);
	return ret;
}

int channel_hello(int fd, const char *version)
{
	char line[300];
	int n = snprintf(line, sizeof(line), "hello %.255s\n", version);

	return write_all(fd, line, (size_t)n);
}

enum channel_verdict channel_serve(int fd)
{
	char line[4096], path[4096];
	size_t len_bytes;
	int err = read_line(fd, line, sizeof(line));

	if (err)
		return CHANNEL_LOST;
	if (!strcmp(line, "reboot"))
		return CHANNEL_REBOOT;
	if (!strcmp(line, "poweroff"))
		return CHANNEL_POWEROFF;
	if (sscanf(line, "run %zu", &len_bytes) == 1)
		err = serve_run(fd, len_bytes);
	else if (sscanf(line, "put %zu %4095s", &len_bytes, path) == 2)
		err = serve_put(fd, len_bytes, path);
	else if (sscanf(line, "get %4095s", path) == 1)
		err = serve_get(fd, path);
	else
		err = send_end(fd, 64);
	return err ? CHANNEL_LOST : CHANNEL_ON;
}
