/* SPDX-License-Identifier: MIT */
/* cowboot store, and the verbs within it, one file each; argv[0] is "store". They return exit codes. */
#ifndef COWBOOT_HOST_STORE_VERB_H
#define COWBOOT_HOST_STORE_VERB_H

int host_store(int argc, char **argv);

int store_create(int argc, char **argv);
int store_check_file(int argc, char **argv);
int store_apply(int argc, char **argv);

#endif
