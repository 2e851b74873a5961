/* SPDX-License-Identifier: MIT */
/* Work that may never return, done in a child process. */
#ifndef COWBOOT_BASE_CHILD_H
#define COWBOOT_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs work(ctx) in a child process, which has a copy of all memory, and waits for its end for at most
 * limit_ms; and for as long again whenever left() has become smaller meanwhile, because a slow disk
 * gets on with what it has to write and a dead one does not.  left may be NULL; sys_unwritten_kib fits
 * here. alive() is called while it waits.  -ETIME: the work is not done, and its process goes on; or
 * the negative errno of fork(2).
 */
int child_run(void (*work)(void *ctx), void *ctx, unsigned limit_ms, uint64_t (*left)(void));

/*
 * Runs work(ctx) in a child process, which the keys of the terminal (Ctrl-C) can end, and waits for it,
 * however long it takes.  ret_code is what work returned, from 0 to 255, or the negative number of the
 * signal that ended it.  Both processes flush standard output.  0, or the negative errno of fork(2).
 */
int child_wait(int (*work)(void *ctx), void *ctx, int *ret_code);

/* The same without waiting. child_start returns the child's process id, or a negative errno. */
int child_start(int (*work)(void *ctx), void *ctx);
bool child_has_ended(int child, int *ret_code);

#define CHILD_NO_PROGRAM 127

/*
 * Starts the program argv[0], as PATH has it or, where PATH has none, at path, with our environment.  Its
 * standard input is these bytes, what it prints is read from ret_fd, and it has no other descriptor of
 * ours but standard error; it ends when we do.  Returns its process id, or a negative errno.  With the
 * code CHILD_NO_PROGRAM there is no such program.
 */
int child_program(char *const argv[], const char *path, const void *input, size_t input_bytes,
		  int *ret_fd);

/* Waits so long for its end, and then ends it. The code is that of child_has_ended. */
int child_stop(int child, unsigned limit_ms);

#endif
