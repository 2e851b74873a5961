/* SPDX-License-Identifier: MIT */
/*
 * The verbs within `cowboot bundle` that look at one, a file each; argv[0] is "bundle".  They return
 * exit codes.
 */
#ifndef COWBOOT_CLI_BUNDLE_VERB_H
#define COWBOOT_CLI_BUNDLE_VERB_H

#include "bundle/reader.h"

#define BUNDLE_HELP_LOOK \
	"  info [--json] BUNDLE       show what a bundle says of itself\n" \
	"  verify BUNDLE              check all of it: every digest, and the stores' exceptions\n"

int bundle_info(int argc, char **argv);
int bundle_verify(int argc, char **argv);

/* Opens path, "-" being standard input; ret_fd is what bundle reads from, and the caller closes. */
int bundle_open_path(const char *path, int *ret_fd, struct bundle **ret_bundle);

/* What to call path in messages. */
const char *bundle_path_name(const char *path);

#endif
