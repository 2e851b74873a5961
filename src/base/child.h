/* SPDX-License-Identifier: MIT */
/* Work that may never return, done by somebody who need not. */
#ifndef COWBOOT_BASE_CHILD_H
#define COWBOOT_BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Has work(ctx) done by a child of this process, which has a copy of all memory, and waits for it at
 * most limit_ms, and for as long again whenever left() has become smaller meanwhile: what is written
 * to a slow disk takes its time, a dead one takes none.  left may be NULL; sys_unwritten_kib is one.
 * alive() is called meanwhile.  -ETIME: it is not done, and goes on where it is; or the negative errno
 * of fork(2).
 */
int child_run(void (*work)(void *ctx), void *ctx, unsigned limit_ms, uint64_t (*left)(void));

/*
 * Has work(ctx) done by a child that the keys of the terminal end, and waits for it, however long it
 * takes.  What work returned is its exit code, from 0 to 255; what is printed is written out on both
 * sides.  A signal that ended it is negative in ret_code.  0, or the negative errno of fork(2).
 */
int child_wait(int (*work)(void *ctx), void *ctx, int *ret_code);

/* The same without waiting: the child's number, or a negative errno; and whether it has ended. */
int child_start(int (*work)(void *ctx), void *ctx);
bool child_has_ended(int child, int *ret_code);

#endif
