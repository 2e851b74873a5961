/* SPDX-License-Identifier: MIT */
/*
 * The seam to the world's side effects: one system call or one file each, errno turned into a
 * return value.  Must never decide anything; what a failure means is the caller's to say.
 */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef GRND_INSECURE
#define GRND_INSECURE 0x4u	/* linux/random.h, since 5.6 */
#endif

#define RANDOM_WAITS 10
#define RANDOM_WAIT_MS 100
#define YEAR_2020_S 1577836800	/* a clock before this was never set */

static int result(int rc)
{
	return rc < 0 ? -errno : 0;
}

int sys_mount(const char *source, const char *target, const char *fstype, unsigned long flags,
	      const char *data)
{
	return result(mount(source, target, fstype, flags, data));
}

int sys_umount(const char *target, int flags)
{
	return result(umount2(target, flags));
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

int sys_chdir(const char *path)
{
	return result(chdir(path));
}

int sys_chroot(const char *path)
{
	return result(chroot(path));
}

bool sys_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
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

/* Reads fd until its end; the last byte of buf stays for the zero, and one more means too big. */
static int read_all(int fd, char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	size_t len = 0;

	for (;;) {
		ssize_t got = read(fd, buf + len, size_bytes - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
		if (len == size_bytes)
			return -EFBIG;
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
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = read_all(fd, buf, size_bytes, ret_len_bytes);
	(void)close(fd);	/* only read: nothing can be lost */
	return rc;
}

static int write_all(int fd, const char *data, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t put = write(fd, data, len_bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		if (put == 0)
			return -EIO;
		data += put;
		len_bytes -= (size_t)put;
	}
	return 0;
}

int sys_write_file(const char *path, const void *data, size_t len_bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, len_bytes);
	if (close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

int sys_load_module(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = syscall(SYS_finit_module, fd, params ? params : "", 0) < 0 ? -errno : 0;
	(void)close(fd);	/* only read */
	return rc == -EEXIST ? 0 : rc;
}

int sys_exec(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	return -errno;
}

int sys_reboot(int cmd)
{
	sync();
	return result(reboot(cmd));
}

void sys_sync(void)
{
	sync();
}

void sys_sleep_ms(unsigned ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

uint64_t sys_now_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now);	/* cannot fail since Linux 2.6.39 */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t sys_wall_s(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);	/* cannot fail */
	return now.tv_sec < YEAR_2020_S ? 0 : (uint64_t)now.tv_sec;
}

/*
 * Early in the boot the pool may not be ready, and waiting for it has no end.  After a second bytes
 * of less quality do: they tell updates apart and keep no secret.
 */
int sys_random(void *buf, size_t len_bytes)
{
	unsigned flags = GRND_NONBLOCK, waits = 0;
	uint8_t *p = buf;

	while (len_bytes) {
		ssize_t got = getrandom(p, len_bytes, flags);

		if (got > 0) {
			p += got;
			len_bytes -= (size_t)got;
		} else if (got < 0 && errno == EAGAIN && waits < RANDOM_WAITS) {
			waits++;
			sys_sleep_ms(RANDOM_WAIT_MS);
		} else if (got < 0 && errno == EAGAIN && flags == GRND_NONBLOCK) {
			flags = GRND_INSECURE;
		} else if (!(got < 0 && errno == EINTR)) {
			return got < 0 ? -errno : -EIO;
		}
	}
	return 0;
}

int sys_kernel_release(char *buf, size_t size_bytes)
{
	struct utsname names;
	int len;

	if (uname(&names) < 0)
		return -errno;
	len = snprintf(buf, size_bytes, "%s %s", names.release, names.version);
	return len < 0 || (size_t)len >= size_bytes ? -ENAMETOOLONG : 0;
}
