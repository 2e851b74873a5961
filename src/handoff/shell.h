/* SPDX-License-Identifier: MIT */
/* The shell on the console that stands where no boot is left. */
#ifndef COWBOOT_HANDOFF_SHELL_H
#define COWBOOT_HANDOFF_SHELL_H

/*
 * Shows reason on the console and runs one toybox shell there; returns when it has ended, or a
 * negative errno when it could not start.
 */
int shell_run(const char *reason);

#endif
