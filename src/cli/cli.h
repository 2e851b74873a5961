/* SPDX-License-Identifier: MIT */
/*
 * What the verbs of `cowboot` share: exit codes, options, the way a failure is told.  A verb is one
 * file with one cli_VERB(); verbs.c holds the table.  argv[0] is the verb's name, cli_run has dealt
 * with --help.  Results go to standard output, everything else to standard error.
 */
#ifndef COWBOOT_CLI_CLI_H
#define COWBOOT_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "update/transition.h"

enum cli_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_NOTHING = 2,	/* nothing to do */
	EXIT_PHASE = 3,		/* not in this phase */
	EXIT_REBOOT = 4,	/* done, reboot to go on */
	EXIT_USAGE = 64,
};

int cli_status(int argc, char **argv);
int cli_install(int argc, char **argv);
int cli_mark_good(int argc, char **argv);
int cli_mark_bad(int argc, char **argv);
int cli_merge(int argc, char **argv);
int cli_cancel(int argc, char **argv);
int cli_log(int argc, char **argv);
int cli_rollback(int argc, char **argv);
int cli_forget(int argc, char **argv);
int cli_recovery(int argc, char **argv);
int cli_bench_disk(int argc, char **argv);

struct cli_verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;	/* as --help shows them */
	const char *help;	/* NULL: one that this program does not list, and only refuses */
};

/* The whole command, but for the verbs that only this program knows: more, up to one without a name. */
int cli_run(int argc, char **argv, const struct cli_verb *more);

/* False when standard output was closed as the program began: nothing can be written there. */
bool cli_has_stdout(void);

/* The file named by `cowboot --config FILE`; NULL: none was. */
const char *cli_config_path(void);

/* One option of a verb: a switch has flag, one that takes a word has value. The other is NULL. */
struct cli_option {
	const char *name;	/* with its dashes: "--json", "-o" */
	bool *flag;
	const char **value;	/* set to the word, which stays argv's */
};

/*
 * Takes the options out of argv, wherever they stand ("--name VALUE" and "--name=VALUE"), and
 * leaves argv[0] and the operands.  "-" is an operand, and so is all that follows "--".  options
 * ends with a NULL name, and may be NULL.  0, or EXIT_USAGE when an option is unknown or lacks its
 * value, with the line printed.
 */
int cli_options(int *argc, char **argv, const struct cli_option *options);

#define CLI_WORDS_MAX 16

struct cli_words {
	unsigned count;
	const char *word[CLI_WORDS_MAX];
};

/*
 * Takes one option that may be given several times out of argv, and its values.  Before cli_options,
 * which does not know it.  EXIT_USAGE with the line printed.
 */
int cli_repeated(int *argc, char **argv, const char *name, struct cli_words *ret_words);

/* word as a number from min to max; EXIT_USAGE with the line printed, name being what it is for. */
int cli_number(const char *verb, const char *name, const char *word, uint64_t min, uint64_t max,
	       uint64_t *ret_value);

/* The value of --chunk-sectors; with word NULL ret_chunk_sectors stays. EXIT_USAGE as above. */
int cli_chunk_sectors(const char *verb, const char *word, uint32_t *ret_chunk_sectors);

/* A verb within a verb, as in `cowboot bundle create`. run gets the outer verb as argv[0]. */
struct cli_sub {
	const char *name;
	int (*run)(int argc, char **argv);
};

/* Runs the one that argv[1] names; subs ends with a NULL name. */
int cli_sub(const struct cli_sub *subs, int argc, char **argv);

/* Prints "cowboot: TEXT; see cowboot VERB --help" (verb may be NULL) and returns EXIT_USAGE. */
int cli_usage(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints "cowboot: " and the line kept in base/fail.h, and returns EXIT_FAILED. */
int cli_failed(void);

/* Prints the line of a transition that has left one, and returns the exit code of its outcome. */
int cli_ended(enum outcome outcome);

/* Prints "cowboot: TEXT" and returns exit_code: for EXIT_PHASE, EXIT_NOTHING and refusals. */
int cli_refuse(enum cli_exit exit_code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* printf for the results of a verb, made fit for a terminal; at most some thousand bytes. */
void cli_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Flushes standard output and returns exit_code, or EXIT_FAILED when what was printed got lost. */
int cli_printed(enum cli_exit exit_code);

#endif
