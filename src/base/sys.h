/* SPDX-License-Identifier: MIT */
/*
 * The one seam to the world's side effects, beside struct dev (storage/dev.h) and libdevmapper
 * (map/dm.h): each function is one system call or one file, returns 0 (or a count) or a negative
 * errno, and leaves no text in base/fail.h; the caller knows what it was for.  Tests and the
 * simulator link another object with the same symbols.
 */
#ifndef COWBOOT_BASE_SYS_H
#define COWBOOT_BASE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* mount(2) and umount2(2). source and data may be NULL where the kernel allows it. */
int sys_mount(const char *source, const char *target, const char *fstype, unsigned long flags,
	      const char *data);
int sys_umount(const char *target, int flags);

/* mkdir(2); a directory that is there already is success. */
int sys_mkdir(const char *path, mode_t mode);
int sys_unlink(const char *path);
int sys_chmod(const char *path, mode_t mode);
int sys_chdir(const char *path);
int sys_chroot(const char *path);

/* Whether path exists and is: a directory; a regular file anyone may execute. Follows links. */
bool sys_is_dir(const char *path);
bool sys_is_program(const char *path);

/* Device number of the file system that path is on. */
int sys_fs_dev(const char *path, dev_t *ret_dev);

/* Reads a whole small file and ends it with a zero byte; -EFBIG when it does not fit. */
int sys_read_file(const char *path, char *buf, size_t size_bytes, size_t *ret_len_bytes);

/* Creates or truncates path and writes all of data (no fsync: for /proc, /sys and tmpfs). */
int sys_write_file(const char *path, const void *data, size_t len_bytes);

/* finit_module(2) of the file; a module that is there already is success. */
int sys_load_module(const char *path, const char *params);

/* execve(2); returns only on failure. */
int sys_exec(const char *path, char *const argv[], char *const envp[]);

/* reboot(2) with a RB_* command, after sync(2). */
int sys_reboot(int cmd);
void sys_sync(void);

void sys_sleep_ms(unsigned ms);

/* Milliseconds since the kernel started (CLOCK_BOOTTIME); seconds since 1970, 0 when unset. */
uint64_t sys_now_ms(void);
uint64_t sys_wall_s(void);

/* Fills buf with unpredictable bytes; waits for no entropy longer than a second. */
int sys_random(void *buf, size_t len_bytes);

/*
 * What `uname -rv` prints: release, a blank, version. Both, since Debian keeps the stable number
 * ("6.1.192-2") in the version only.
 */
int sys_kernel_release(char *buf, size_t size_bytes);

#endif
