/* SPDX-License-Identifier: MIT */
/* Programs of the build host that cowboot runs: where they are, and how they ended. */
#ifndef COWBOOT_HOST_TOOL_H
#define COWBOOT_HOST_TOOL_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

#define TOOL_MISSING 127	/* an exit code: it is not installed, as for sh(1) */

/*
 * Starts argv[0] from PATH, or else from /usr/sbin or /sbin, which ordinary users do not have in theirs.
 * actions may be NULL.  0, or a positive errno, as posix_spawn(3).
 */
int tool_start(pid_t *ret_pid, const posix_spawn_file_actions_t *actions, const char *const *argv);

/* Waits for its end: its exit code, 128 and more for a signal. */
int tool_wait(pid_t pid);

/*
 * Runs it to its end without input; its standard output is dropped, its messages go to the descriptor
 * messages, or nowhere (-1). TOOL_MISSING, or what tool_wait says.
 */
int tool_run(const char *const *argv, int messages);

/* Whether tool_start would find it. */
bool tool_is_there(const char *name);

#endif
