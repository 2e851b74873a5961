/* SPDX-License-Identifier: MIT */
/*
 * Work on a disk that may never answer, in a process of its own: a read from a dying stick can hold up
 * its process for minutes, past every deadline, and cannot be ended (I10).
 */
#ifndef COWBOOT_STORAGE_ASIDE_H
#define COWBOOT_STORAGE_ASIDE_H

#include <stddef.h>

#define ASIDE_ANSWER_MAX 512	/* a pipe takes so much at once */

/* Returns 0 or a negative errno, and fills ret_answer. What it leaves in base/fail.h is lost. */
typedef int aside_work(const void *what, void *ret_answer);

/*
 * Runs work(what, ret_answer) for this disk, and waits for it as long as wait_ms.  Returns what it
 * returned; ret_answer, answer_bytes of it, is set when that is 0.  -ETIMEDOUT: it goes on without us;
 * -EBUSY: an earlier one for this disk still does.
 */
int aside_run(const char *disk, aside_work *work, const void *what, void *ret_answer,
	      size_t answer_bytes, unsigned wait_ms);

#endif
