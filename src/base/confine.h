/* SPDX-License-Identifier: MIT */
/*
 * Work on what strangers have made, in a process that can do nothing else: it has one descriptor, to
 * us, and may not open another; it runs as nobody, and of system calls it has read, write and exit only
 * (the strict mode of seccomp(2)).  A kernel without seccomp, or a program that may not become nobody,
 * has to do with the other.  The process has a copy of our memory.
 */
#ifndef COWBOOT_BASE_CONFINE_H
#define COWBOOT_BASE_CONFINE_H

#include <stddef.h>

struct confined {
	int fd, pid;
};

/*
 * Starts work(ctx, fd), which is to return when fd has ended.  It must not allocate: what it needs is
 * in ctx.  ret_confined is the caller's until confine_end.  0 or a negative errno.
 */
int confine_start(void (*work)(void *ctx, int fd), void *ctx, struct confined *ret_confined);

/* Ends it, whatever it is doing. */
void confine_end(struct confined *confined);

/*
 * All of len_bytes to the process, or from it: a negative errno, -EPIPE when it has ended, by itself or
 * because it tried what it may not.  What comes from it may be anything.
 */
int confine_send(const struct confined *confined, const void *data, size_t len_bytes);
int confine_receive(const struct confined *confined, void *buf, size_t len_bytes);

/* The same for work, from its side. */
int confine_put(int fd, const void *data, size_t len_bytes);
int confine_get(int fd, void *buf, size_t len_bytes);

#endif
