/* SPDX-License-Identifier: MIT */
/* Running another program during a boot, without ever waiting for it without a deadline. */
#ifndef COWBOOT_HANDOFF_RUN_H
#define COWBOOT_HANDOFF_RUN_H

/*
 * Runs the program at path with argv (which ends with NULL) in a session of its own, with nothing
 * to read, until it ends or limit_s seconds are over; then it is asked to end (SIGTERM), and made to
 * (SIGKILL) soon after.  alive() is called while it runs.  Each line it prints, on either output and
 * cut where it is long, goes to line, which may be NULL.  Whatever of its session is left is killed.
 *
 * 0: it has ended, ret_code is its exit code.  With the reason in base/fail.h: -ETIME, it took too
 * long, and may still be there if not even SIGKILL ends it; -ECANCELED, a signal has ended it;
 * -ENOEXEC, it could not be run at all.
 */
int run_bounded(const char *path, char *const argv[], unsigned limit_s,
		void (*line)(const char *text), int *ret_code);

#endif
