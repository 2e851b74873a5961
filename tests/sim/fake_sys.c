/* SPDX-License-Identifier: MIT */
/*
 * Stands for src/base/sys.c: files in memory, a clock that moves when it is asked.  Mounts:
 * fake_mount.c. While somebody sleeps the kernel merges.
 */
#include "base/child.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "astray.h"
#include "esp.h"

#define FILES_MAX 12
#define FILE_BYTES_MAX 8192
#define LINE_MAX_BYTES 6000 /* a bootconfig may be that long, and longer */
#define SLEEPS_MAX 3000

static struct file {
	char path[64];
	size_t len_bytes;
	char data[FILE_BYTES_MAX];
} files[FILES_MAX];
static unsigned file_count;

static uint64_t now_ms;
static unsigned sleeps;
char sim_config[1024];

void sys_reset(void)
{
	file_count = 0;
	mounts_reset();
	now_ms = 0;
	sleeps = 0;
}

int sys_mkdir(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

int sys_chdir(const char *path)
{
	(void)path;
	return 0;
}

int sys_chroot(const char *path)
{
	(void)path;
	return 0;
}

bool sys_is_dir(const char *path)
{
	(void)path;
	return true;
}

/* Nothing reboots this system but whoever plays it. */
bool sys_is_program(const char *path)
{
	const char *name = strrchr(path, '/');

	return !name || (strcmp(name, "/reboot") != 0 && strcmp(name, "/systemctl") != 0);
}

static struct file *file_at(const char *path)
{
	for (unsigned i = 0; i < file_count; i++)
		if (!strcmp(files[i].path, path))
			return &files[i];
	return NULL;
}

bool sys_has(const char *path)
{
	return file_at(path) != NULL;
}

int sys_fs_dev(const char *path, dev_t *ret_dev)
{
	int minor = sys_mounted_minor(path);

	if (fault(FAULT_RAM, "stat", path))
		return -EIO;
	if (!strncmp(path, "/run/cowboot/", 13) && !file_at(path))
		return -ENOENT;
	*ret_dev = minor < 0 ? makedev(0, 1) : makedev(MAJOR_DM, (unsigned)minor);
	return 0;
}

int sys_chmod(const char *path, mode_t mode)
{
	(void)mode;
	return file_at(path) ? 0 : -ENOENT;
}

int sys_unlink(const char *path)
{
	struct file *f = file_at(path);

	if (!f)
		return -ENOENT;
	*f = files[--file_count];
	return 0;
}

static int give(const char *text, size_t len_bytes, char *buf, size_t size_bytes, size_t *ret_len)
{
	if (len_bytes >= size_bytes)
		return -EFBIG;
	memcpy(buf, text, len_bytes);
	buf[len_bytes] = 0;
	if (ret_len)
		*ret_len = len_bytes;
	return 0;
}

int sys_read_file(const char *path, char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	static char cmdline[LINE_MAX_BYTES + 64];
	const int filler = plan->long_line ? LINE_MAX_BYTES : 0;
	const struct file *f = file_at(path);

	if (fault(FAULT_RAM, "read", path))
		return -EIO;
	if (f)
		return give(f->data, f->len_bytes, buf, size_bytes, ret_len_bytes);
	if (!strcmp(path, "/etc/cowboot.conf"))
		return give(sim_config, strlen(sim_config), buf, size_bytes, ret_len_bytes);
	if (!strcmp(path, "/proc/cmdline")) {
		snprintf(cmdline, sizeof(cmdline), "console=ttyS0 quiet %0*d panic=5%s%c%s%s\n", filler, 0,
			 slot_started ? " cowboot.slot=" : "", slot_started ? slot_started : ' ',
			 slot_counted ? " cowboot.try" : "", astray_root());
		return give(cmdline, strlen(cmdline), buf, size_bytes, ret_len_bytes);
	}
	return -ENOENT;
}

int sys_write_file(const char *path, const void *data, size_t len_bytes)
{
	struct file *f = file_at(path);

	if (fault(FAULT_RAM, "write", path))
		return -EIO;
	if (!strncmp(path, "/proc/", 6))
		return 0;
	if (!f) {
		if (file_count == FILES_MAX || len_bytes > FILE_BYTES_MAX)
			violation("no room for the file %s", path);
		f = &files[file_count++];
		snprintf(f->path, sizeof(f->path), "%s", path);
	}
	memcpy(f->data, data, len_bytes);
	f->len_bytes = len_bytes;
	return 0;
}

int sys_load_module(const char *path, const char *params)
{
	(void)path;
	(void)params;
	return 0;
}

int sys_io_idle(bool idle)
{
	(void)idle;
	return 0;
}

int sys_exec(const char *path, char *const argv[], char *const envp[])
{
	(void)argv;
	(void)envp;
	violation("%s was executed past the hand-off", path);
}

int child_run(void (*work)(void *ctx), void *ctx, unsigned limit_ms, uint64_t (*left)(void))
{
	(void)limit_ms;
	(void)left;
	work(ctx);
	return 0;
}

int child_wait(int (*work)(void *ctx), void *ctx, int *ret_code)
{
	*ret_code = work(ctx);
	return 0;
}

int child_start(int (*work)(void *ctx), void *ctx)
{
	(void)work;
	(void)ctx;
	return -ENOSYS;
}

bool child_has_ended(int child, int *ret_code)
{
	(void)child;
	*ret_code = 0;
	return true;
}

int child_program(char *const argv[], const char *path, const void *input, size_t input_bytes,
		  int *ret_fd)
{
	(void)path;
	(void)input;
	(void)input_bytes;
	(void)ret_fd;
	violation("%s was started", argv[0]);
}

int child_stop(int child, unsigned limit_ms)
{
	(void)child;
	(void)limit_ms;
	return 0;
}

uint64_t sys_unwritten_kib(void)
{
	return 0;
}

void sys_sync(void)
{
	for (unsigned d = 0; d < DISK_COUNT; d++)
		disk_flush((enum disk)d);
}

int sys_reboot(int cmd)
{
	(void)cmd;
	saw_reboot();
	sys_sync();
	sim_leave(LEFT_REBOOT);
}

void sys_sleep_ms(unsigned ms)
{
	now_ms += ms;
	if (++sleeps > SLEEPS_MAX)
		violation("I10: somebody waits for ever");
	dm_merge_one();
}

uint64_t sys_now_ms(void)
{
	return ++now_ms;
}

uint64_t sys_now_us(void)
{
	return sys_now_ms() * 1000;
}

uint64_t sys_wall_s(void)
{
	return 1700000000;
}

bool sys_wall_synced(void)
{
	return true;
}

/* Another update, another identity; and the same one whenever the same life is run again. */
int sys_random(void *buf, size_t len_bytes)
{
	if (fault(FAULT_RAM, "get", "random bytes"))
		return -EIO;
	for (size_t i = 0; i < len_bytes; i++)
		((uint8_t *)buf)[i] =
			(uint8_t)mix64(i + ledger.installs * 1000 + ledger.rollbacks * 100000 +
				       ledger.may_be_confirmed * 10000000 + 1);
	return 0;
}

unsigned sys_hold_standard(void)
{
	return 0;
}

int sys_kernel_release(char *buf, size_t size_bytes)
{
	snprintf(buf, size_bytes, "6.1.0-sim #1 SMP sim 6.1.192");
	return 0;
}
