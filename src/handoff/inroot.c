/* SPDX-License-Identifier: MIT */
/* Names below another root. Must never leave it, whatever its links say. */
#define _GNU_SOURCE
#include "handoff/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int inroot_open(const char *newroot, const char *path, int flags, int *ret_fd)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int root = open(newroot, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, rc;

	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	rc = fd < 0 ? -errno : 0;
	close(root);
	if (!rc)
		*ret_fd = fd;
	return rc;
}

int inroot_dir(const char *newroot, const char *path, char *buf, size_t size_bytes)
{
	char link[32];
	ssize_t len;
	int fd, rc = inroot_open(newroot, path, O_PATH | O_DIRECTORY, &fd);

	if (rc < 0)
		return rc;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, buf, size_bytes);
	rc = len < 0 ? -errno : (size_t)len >= size_bytes ? -ENAMETOOLONG : 0;
	if (!rc)
		buf[len] = '\0';
	close(fd);
	return rc;
}
