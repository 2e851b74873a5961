/* SPDX-License-Identifier: MIT */
/* The limits of what both init and the command read or print. */
#ifndef COWBOOT_BASE_LIMITS_H
#define COWBOOT_BASE_LIMITS_H

/*
 * One line of the log with its newline. The kernel takes at most 976 bytes in one write, "<6>"
 * included.
 */
#define LIMIT_LINE_BYTES 960

/* The configuration, and a list of modules: what does not fit is refused, with the file's name. */
#define LIMIT_CONF_BYTES (16u * 1024)
#define LIMIT_MODULES_BYTES (64u * 1024)

/* The kernel command line, bootconfig included: of a longer one, what fits counts. */
#define LIMIT_CMDLINE_BYTES (64u * 1024)

#endif
