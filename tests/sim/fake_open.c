/* SPDX-License-Identifier: MIT */
/*
 * Stands for the parts of src/base/sys.c that are about open files, folders and this process: the
 * kernel log, the lock, the bundle.  There is one process at a time, and it is root.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "esp.h"
#include "fake_libc.h"
#include "sim.h"

enum { FD_KMSG = 911, FD_LOCK };

int sys_open(const char *path, int flags)
{
	int fd;

	if (!strcmp(path, "/dev/kmsg"))
		return FD_KMSG;
	fd = sim_open(path, flags);
	return fd < 0 ? -errno : fd;
}

void sys_close(int fd)
{
	if (fd == ESP_FD)
		esp_umount();
	else if (fd >= 0 && fd != FD_KMSG && fd != FD_LOCK)
		(void)sim_close(fd);
}

ssize_t sys_read(int fd, void *buf, size_t len_bytes)
{
	const ssize_t got = sim_read(fd, buf, len_bytes);

	return got < 0 ? -errno : got;
}

/* A bundle comes from a pipe, or, in a scenario of its own, from a file. */
int sys_skip(int fd, uint64_t len_bytes)
{
	(void)fd;
	return plan->seekable ? sim_skip(len_bytes) : -ESPIPE;
}

int sys_wait_input(int fd, unsigned limit_ms)
{
	(void)fd;
	(void)limit_ms;
	return 1;
}

int sys_write(int fd, const void *data, size_t len_bytes)
{
	if (verbose && fd == FD_KMSG)
		say("%.*s", (int)len_bytes - 1, (const char *)data);
	return fd == FD_KMSG ? 0 : -EBADF;
}

int sys_write_new(const char *path, const void *data, size_t len_bytes)
{
	return sys_write_file(path, data, len_bytes);
}

int sys_lock(const char *path)
{
	(void)path;
	return FD_LOCK;
}

int sys_sync_fs(const char *path)
{
	(void)path;
	sys_sync();
	return 0;
}

bool sys_is_file(const char *path)
{
	(void)path;
	return false;
}

int sys_each_name(const char *path, int (*take)(void *ctx, const char *name), void *ctx)
{
	(void)path;
	(void)take;
	(void)ctx;
	return -ENOENT;
}

bool sys_is_first(void)
{
	return true;
}

bool sys_is_child_of_first(void)
{
	return false;
}

bool sys_is_root(void)
{
	return true;
}

bool sys_is_terminal(int fd)
{
	(void)fd;
	return false;
}

int sys_catch_signals(const int *numbers, size_t count, void (*take)(int number))
{
	(void)numbers;
	(void)count;
	(void)take;
	return 0;
}

void sys_ignore_keys(bool ignore)
{
	(void)ignore;
}

int sys_hold_signals(bool hold)
{
	(void)hold;
	return 0;
}

int sys_kernel_log(char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	(void)buf;
	(void)size_bytes;
	(void)ret_len_bytes;
	return -EPERM;
}
