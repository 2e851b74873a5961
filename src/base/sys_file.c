/* SPDX-License-Identifier: MIT */
/* The seam's part for files and folders that are no devices.  Must never decide anything. */
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int result(int rc)
{
	return rc < 0 ? -errno : 0;
}

int sys_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fd;
}

void sys_close(int fd)
{
	if (fd >= 0)
		(void)close(fd);	/* whoever wrote has flushed before */
}

ssize_t sys_read(int fd, void *buf, size_t len_bytes)
{
	const ssize_t got = read(fd, buf, len_bytes);

	return got < 0 ? -errno : got;
}

int sys_skip(int fd, uint64_t len_bytes)
{
	struct stat st;
	off_t at;

	if (fstat(fd, &st) < 0)
		return -errno;
	at = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	if (at < 0)
		return -ESPIPE;
	if (at > st.st_size || len_bytes > (uint64_t)(st.st_size - at))
		return -EOVERFLOW;
	return lseek(fd, at + (off_t)len_bytes, SEEK_SET) < 0 ? -errno : 0;
}

int sys_wait_input(int fd, unsigned limit_ms)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	const int rc = poll(&input, 1, (int)limit_ms);

	return rc < 0 ? -errno : rc;
}

int sys_write(int fd, const void *data, size_t len_bytes)
{
	const char *at = data;

	while (len_bytes) {
		const ssize_t put = write(fd, at, len_bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		if (put == 0)
			return -EIO;
		at += put;
		len_bytes -= (size_t)put;
	}
	return 0;
}

/* Reads fd until its end; the last byte of buf is for the zero, and one more means too big. */
static int read_all(int fd, char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	size_t len = 0;

	for (;;) {
		const ssize_t got = sys_read(fd, buf + len, size_bytes - len);

		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		len += (size_t)got;
		if (len == size_bytes) {
			buf[len - 1] = '\0';
			return -EFBIG;
		}
	}
	buf[len] = '\0';
	if (ret_len_bytes)
		*ret_len_bytes = len;
	return 0;
}

int sys_read_file(const char *path, char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	int fd, rc;

	if (!size_bytes)
		return -EFBIG;
	fd = sys_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	rc = read_all(fd, buf, size_bytes, ret_len_bytes);
	sys_close(fd);	/* only read: nothing can be lost */
	return rc;
}

static int write_and_close(int fd, const void *data, size_t len_bytes, bool flush)
{
	int rc = fd < 0 ? fd : sys_write(fd, data, len_bytes);

	if (fd < 0)
		return rc;
	if (!rc && flush)
		rc = result(fsync(fd));
	if (close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

int sys_write_file(const char *path, const void *data, size_t len_bytes)
{
	return write_and_close(sys_open(path, O_WRONLY | O_CREAT | O_TRUNC), data, len_bytes,
			       false);
}

int sys_write_new(const char *path, const void *data, size_t len_bytes)
{
	return write_and_close(sys_open(path, O_WRONLY | O_CREAT | O_EXCL), data, len_bytes, true);
}

int sys_mkdir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		return 0;
	if (errno == EEXIST && sys_is_dir(path))
		return 0;
	return -errno;
}

int sys_unlink(const char *path)
{
	return result(unlink(path));
}

int sys_chmod(const char *path, mode_t mode)
{
	return result(chmod(path, mode));
}

bool sys_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool sys_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool sys_is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
}

int sys_fs_dev(const char *path, dev_t *ret_dev)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*ret_dev = st.st_dev;
	return 0;
}

int sys_each_name(const char *path, int (*take)(void *ctx, const char *name), void *ctx)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -errno;
	while (!rc && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = take(ctx, entry->d_name);
	(void)closedir(dir);
	return rc;
}

int sys_sync_fs(const char *path)
{
	int fd = sys_open(path, O_RDONLY | O_DIRECTORY), rc;

	if (fd < 0)
		return fd;
	rc = result(syncfs(fd));
	sys_close(fd);
	return rc;
}

int sys_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), rc;

	if (fd < 0)
		return -errno;
	do
		rc = result(flock(fd, LOCK_EX | LOCK_NB));
	while (rc == -EINTR);
	if (rc) {
		sys_close(fd);
		return rc;
	}
	return fd;
}
