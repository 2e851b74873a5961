/* SPDX-License-Identifier: MIT */
/*
 * Errors.  Functions return 0 or a negative errno; the place that knows the object also leaves one
 * line of text here, "cannot VERB OBJECT: REASON", for whoever prints it.  The line of the last
 * failure stays until the next one.  One thread, fixed buffer, no heap.
 */
#ifndef COWBOOT_BASE_FAIL_H
#define COWBOOT_BASE_FAIL_H

#define FAIL_TEXT_MAX 512

/* Keeps the line as it is and returns -errnum. */
int fail(int errnum, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Keeps the line followed by ": " and the words for errnum, and returns -errnum. */
int fail_sys(int errnum, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "TEXT: " before the line that is kept, and returns rc as it came. */
int fail_in(int rc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The line of the last failure; never NULL. */
const char *fail_text(void);

#endif
