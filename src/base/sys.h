/* SPDX-License-Identifier: MIT */
/*
 * The one seam to the world's side effects, beside struct dev and its room (storage/), libdevmapper
 * (map/dm.h) and what only the first process does (handoff/): each function is one system call or one
 * file, returns 0 (or a count) or a negative errno, and leaves no text in base/fail.h; the caller
 * knows what it was for.  Tests and the simulator link another object with the same symbols.
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

/*
 * Mounts a file system where nobody else sees it and no path leads to it.  Its options are words
 * such as "ro" and "errors=continue"; NULL ends them.  Returns a descriptor of its root, from which
 * files are reached (openat(2), or /proc/self/fd); sys_close unmounts it, and so does the end of the
 * process.  Nothing on it is a device or a program.  -EBUSY: it is mounted elsewhere to read only,
 * and this one is to write, or the other way round.
 */
int sys_mount_apart(const char *source, const char *fstype, const char *const options[]);

/* mkdir(2); a directory that is there already is success. */
int sys_mkdir(const char *path, mode_t mode);
int sys_unlink(const char *path);
int sys_chmod(const char *path, mode_t mode);
int sys_chdir(const char *path);
int sys_chroot(const char *path);

/* Whether path exists and is: a directory; a file; a file anyone may execute. Follows links. */
bool sys_is_dir(const char *path);
bool sys_is_file(const char *path);
bool sys_is_program(const char *path);

/*
 * Calls take for each name in a folder, "." and ".." left out, until one returns what is not 0, and
 * returns that.  The names are the kernel's own order; the folder may change meanwhile.
 */
int sys_each_name(const char *path, int (*take)(void *ctx, const char *name), void *ctx);

/* Device number of the file system that path is on. */
int sys_fs_dev(const char *path, dev_t *ret_dev);

/* Reads a whole small file and ends it with a zero byte; -EFBIG when it does not fit: then
 * buf holds, ended the same way, what did. */
int sys_read_file(const char *path, char *buf, size_t size_bytes, size_t *ret_len_bytes);

/* Creates or truncates path and writes all of data (no fsync: for /proc, /sys and tmpfs). */
int sys_write_file(const char *path, const void *data, size_t len_bytes);

/* Makes the file path, which must not be there yet, with all of data in it, durably. */
int sys_write_new(const char *path, const void *data, size_t len_bytes);

/*
 * For files that are read or written piece by piece: the kernel's log, a bundle.  flags are those of
 * open(2); O_CLOEXEC is always added.  A descriptor, or a negative errno.
 */
int sys_open(const char *path, int flags);
void sys_close(int fd);

/* read(2); a signal ends it only where nothing was read yet: -EINTR. */
ssize_t sys_read(int fd, void *buf, size_t len_bytes);

/* So many bytes of a file further: -ESPIPE: it is none; -EOVERFLOW: it ends before that. */
int sys_skip(int fd, uint64_t len_bytes);

/* Waits for something to read: 1, 0 when none came in time, -EINTR, or another negative errno. */
int sys_wait_input(int fd, unsigned limit_ms);

/* Writes all of it. */
int sys_write(int fd, const void *data, size_t len_bytes);

/* Writes out what the file system that the folder path is on has not written yet. */
int sys_sync_fs(const char *path);

/*
 * Makes the file where it is not there yet, and locks it: -EWOULDBLOCK when somebody has it.  The
 * descriptor, which sys_close gives back with the lock.
 */
int sys_lock(const char *path);

/* finit_module(2) of the file; a module that is there already is success. */
int sys_load_module(const char *path, const char *params);

/*
 * What this process reads and writes from now on waits for all others: ioprio_set(2), the idle class; with
 * false, it goes again before whom it went before.
 */
int sys_io_idle(bool idle);

/* execve(2); returns only on failure. */
int sys_exec(const char *path, char *const argv[], char *const envp[]);

/*
 * Puts /dev/null where standard input, output or error are closed, so that no device that is opened
 * later gets one of these numbers, and with it every message.  Returns a bit for each that was closed:
 * 1, 2, 4.
 */
unsigned sys_hold_standard(void);

/* Whether this is the first process; a child of the first process; run by root. */
bool sys_is_first(void);
bool sys_is_child_of_first(void);
bool sys_is_root(void);

bool sys_is_terminal(int fd);

/*
 * Signals.  sys_catch_signals: from now on each of these signals calls take, and ends a wait.
 * sys_ignore_keys: ignores the signals that a terminal's keys send, or, with false, treats them as when
 * the program began. sys_hold_signals: no signal is delivered until the call with false.
 */
int sys_catch_signals(const int *numbers, size_t count, void (*take)(int number));
void sys_ignore_keys(bool ignore);
int sys_hold_signals(bool hold);

/* What the kernel has logged so far, its end where it is too long; ended with a zero byte. */
int sys_kernel_log(char *buf, size_t size_bytes, size_t *ret_len_bytes);

/* reboot(2) with a RB_* command, after sync(2), which is given a bounded time. */
int sys_reboot(int cmd);
void sys_sync(void);

/* What the kernel has still to write to all disks, as it counts it; 0 where it does not say. */
uint64_t sys_unwritten_kib(void);

void sys_sleep_ms(unsigned ms);

/* Milliseconds since the kernel started (CLOCK_BOOTTIME); seconds since 1970, 0 when unset. */
uint64_t sys_now_ms(void);
uint64_t sys_now_us(void);	/* the same in microseconds: what a flush takes */
uint64_t sys_wall_s(void);

/*
 * Whether the kernel calls the wall clock synchronised: somebody disciplines it by adjtimex(2), and has
 * done so lately.  A clock that was only set is not.
 */
bool sys_wall_synced(void);

/* Fills buf with unpredictable bytes; waits at most a second for entropy. */
int sys_random(void *buf, size_t len_bytes);

/*
 * What `uname -rv` prints: release, a blank, version. Both, since Debian keeps the stable number
 * ("6.1.192-2") in the version only.
 */
int sys_kernel_release(char *buf, size_t size_bytes);

#endif
