/* SPDX-License-Identifier: MIT */
/* What the shipped objects' calls of libc go to, by objcopy --redefine-syms (tests/sim/libc.syms).
 */
#ifndef SIM_FAKE_LIBC_H
#define SIM_FAKE_LIBC_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

int sim_open(const char *path, int flags, ...);
int sim_close(int fd);
ssize_t sim_read(int fd, void *buf, size_t len_bytes);
ssize_t sim_write(int fd, const void *buf, size_t len_bytes);
int sim_skip(uint64_t len_bytes); /* of the bundle */
/* Of the ESP only: fake_esp.c. */
off_t sim_lseek(int fd, off_t offset_bytes, int whence);
int sim_ftruncate(int fd, off_t size_bytes);
int sim_openat(int dir_fd, const char *path, int flags, ...);
int sim_unlinkat(int dir_fd, const char *path, int flags);
int sim_syncfs(int fd);
int sim_fsync(int fd);
int sim_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int sim_flock(int fd, int operation);
int sim_isatty(int fd);
pid_t sim_getpid(void);
uid_t sim_geteuid(void);
int sim_sigaction(int number, const struct sigaction *action, struct sigaction *ret_before);
int sim_sigprocmask(int how, const sigset_t *set, sigset_t *ret_before);

#endif
