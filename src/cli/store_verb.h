/* SPDX-License-Identifier: MIT */
/* The verbs within `cowboot store`, one file each; argv[0] is "store". They return exit codes. */
#ifndef COWBOOT_CLI_STORE_VERB_H
#define COWBOOT_CLI_STORE_VERB_H

int store_create(int argc, char **argv);
int store_check_file(int argc, char **argv);
int store_apply(int argc, char **argv);

#endif
