/* SPDX-License-Identifier: MIT */
/*
 * The seam to the world's side effects: one system call or one file each, errno turned into a return
 * value.  Must never decide anything; what a failure means is the caller's to say.  This file has
 * mounts, modules, reboots, clocks, and what the kernel says of itself; sys_file.c and sys_process.c
 * have the rest.
 */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"

#ifndef GRND_INSECURE
#define GRND_INSECURE 0x4u	/* linux/random.h, since 5.6 */
#endif

#define SYNC_MS 10000
#define RANDOM_WAITS 10
#define RANDOM_WAIT_MS 100
#define SYSLOG_ACTION_READ_ALL 3	/* syslog(2) */
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

int sys_chdir(const char *path)
{
	return result(chdir(path));
}

int sys_chroot(const char *path)
{
	return result(chroot(path));
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

/* "Dirty:      123 kB" and the like in /proc/meminfo. */
static uint64_t kib_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

uint64_t sys_unwritten_kib(void)
{
	static char text[8192];

	if (sys_read_file("/proc/meminfo", text, sizeof(text), NULL) < 0)
		return 0;
	return kib_of(text, "\nDirty:") + kib_of(text, "\nWriteback:");
}

static void sync_all(void *ctx)
{
	(void)ctx;
	sync();
}

/* A disk that answers nothing any more would keep sync(2) for ever. */
int sys_reboot(int cmd)
{
	(void)child_run(sync_all, NULL, SYNC_MS, sys_unwritten_kib);
	return result(reboot(cmd));
}

void sys_sync(void)
{
	sync();
}

void sys_sleep_ms(unsigned ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

uint64_t sys_now_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now);	/* cannot fail since Linux 2.6.39 */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t sys_now_us(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now);	/* as above */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t sys_wall_s(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);	/* cannot fail */
	return now.tv_sec < YEAR_2020_S ? 0 : (uint64_t)now.tv_sec;
}

bool sys_wall_synced(void)
{
	struct timex timex = { .modes = 0 };	/* changes nothing */

	return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

/*
 * Early in the boot the kernel's pool may not be ready, and waiting for it has no bound.  After a
 * second, bytes of less quality will do: they only tell updates apart, and keep no secret.
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

int sys_kernel_log(char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	int len = klogctl(SYSLOG_ACTION_READ_ALL, buf, (int)size_bytes - 1);

	if (len < 0)
		return -errno;
	buf[len] = '\0';
	*ret_len_bytes = (size_t)len;
	return 0;
}
