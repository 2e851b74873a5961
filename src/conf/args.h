/* SPDX-License-Identifier: MIT */
/* The kernel command line, cut up as the kernel does it (lib/cmdline.c, next_arg). Pure. */
#ifndef COWBOOT_CONF_ARGS_H
#define COWBOOT_CONF_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGS_BLANKS " \t\n\v\f\r"
#define ARG_KEY_MAX 64
#define ARG_VALUE_MAX 256

struct arg {
	char key[ARG_KEY_MAX];
	char value[ARG_VALUE_MAX];	/* without its quotes; empty when there is none */
	bool has_value;
	bool cut;			/* key or value did not fit, and is not whole */
};

/* Takes the next of *cursor, which moves on. False at the end and at "--": the rest is init's. */
bool args_next(const char **cursor, struct arg *ret_arg);

/*
 * Takes off the last word of a command line that was cut off somewhere: a word that is not whole would
 * be another word.
 */
void args_drop_last(char *cmdline);

/* Whether a parameter has that name: '-' and '_' are the same, as for the kernel. */
bool args_is(const struct arg *arg, const char *name);

/*
 * The parameters that the command line has for a module: MODULE.NAME=VALUE becomes NAME=VALUE, with
 * a blank between two (kernel/params.c does it for what is built in, modprobe for the rest).
 * -ENOSPC: not all of them fit.
 */
int args_of_module(const char *cmdline, const char *module, char *buf, size_t size_bytes);

#endif
