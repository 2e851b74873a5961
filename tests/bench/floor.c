/* SPDX-License-Identifier: MIT */
/*
 * The least that a first stage does: load the modules, wait for the root, mount it, enter it.  No device
 * mapper, no record, no checks, no log, nobody to turn to when something fails.  It stands for what any
 * initramfs costs, for `make bench` to compare with.  Never in anything that ships.
 *
 * The command line says what is mounted: floor.root=/dev/X, and floor.data=/dev/Y for the file system that
 * init mounts besides.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES "/etc/modules"
#define ROOT "/mnt/root"

static char modules[65536], cmdline[4096];

static _Noreturn void die(const char *what, const char *name)
{
	dprintf(2, "floor: cannot %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static void must_mount(const char *from, const char *to, const char *type, unsigned long flags)
{
	if (mount(from, to, type, flags, NULL))
		die("mount", to);
}

static void read_text(const char *path, char *buf, size_t size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, size_bytes - 1);

	if (len < 0)
		die("read", path);
	buf[len] = 0;
	close(fd);
}

static void load_modules(void)
{
	read_text(MODULES, modules, sizeof(modules));
	for (char *path = strtok(modules, "\n"); path; path = strtok(NULL, "\n")) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST && errno != ENODEV))
			die("load", path);
		close(fd);
	}
}

/* What the command line says of KEY, or NULL. */
static char *word(const char *key)
{
	char *at = strstr(cmdline, key);

	if (!at)
		return NULL;
	at = strdup(at + strlen(key));
	at[strcspn(at, " \n")] = 0;
	return at;
}

static int open_events(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("hear of", "devices");
	return fd;
}

static void wait_for(const char *path, int events)
{
	struct pollfd p = { .fd = events, .events = POLLIN };
	char message[8192];

	while (access(path, F_OK)) {
		if (poll(&p, 1, 1000) > 0)
			while (recv(events, message, sizeof(message), 0) > 0)
				continue;
	}
}

static void move(const char *from)
{
	char to[64];

	snprintf(to, sizeof(to), ROOT "%s", from);
	must_mount(from, to, NULL, MS_MOVE);
}

int main(int argc, char *argv[], char *envp[])
{
	char *root, *data, *init;
	int events;

	(void)argc;
	must_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID);
	must_mount("proc", "/proc", "proc", 0);
	must_mount("sysfs", "/sys", "sysfs", 0);
	must_mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV);
	read_text("/proc/cmdline", cmdline, sizeof(cmdline));
	root = word("floor.root=");
	data = word("floor.data=");
	init = word(" init=");
	events = open_events();
	load_modules();
	if (mkdir("/mnt", 0755) || mkdir(ROOT, 0755))
		die("make", ROOT);
	wait_for(root, events);
	must_mount(root, ROOT, "ext4", MS_RDONLY);
	if (data) {
		wait_for(data, events);
		must_mount(data, ROOT "/data", "ext4", MS_NOATIME);
	}
	close(events);
	move("/dev");
	move("/proc");
	move("/sys");
	move("/run");
	if (chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("enter", root);
	argv[0] = init;
	execve(init, argv, envp);
	die("run", init);
}
