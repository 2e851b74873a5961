/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `cowboot bench-disk` share: a target that may be written over, opened and claimed,
 * and the state of a test of cuts on it.  Functions that return an exit code have printed their line.
 */
#ifndef COWBOOT_CLI_BENCH_H
#define COWBOOT_CLI_BENCH_H

#include "cli/cli.h"
#include "storage/cutsjudge.h"
#include "storage/spare.h"

struct bench_options {
	const char *path;
	const char *cut_command, *log;	/* NULL: none */
	uint64_t size_mib, seconds;	/* size_mib 0: BENCH_MIB at most */
	uint64_t confirmed;		/* what a person has read; 0: nothing */
	bool json, force, same_boot;
};

#define BENCH_MIB 64u

struct bench_target {
	struct spare spare;
	bool created;
	uint64_t size_bytes;		/* how much of it is used, whole blocks */
};

/*
 * Opens options->path, unless it is one of the board's own partitions, in use, or too small.  create:
 * a file that is not there is made, options->size_mib long.  0, or an exit code; bench_close either way.
 */
int bench_open(const struct bench_options *o, bool create, struct bench_target *ret_target);
void bench_close(struct bench_target *t);

/* Whether it is blank, but for what bench-disk leaves; else a line that names what is there. */
int bench_check_blank(const struct bench_target *t);

/* The newest head on the medium; -ENOENT: there is none. */
int bench_head_load(const struct bench_target *t, struct cuts_head *ret_head);
/* Writes both copies, each flushed before the other is touched. head->generation grows. */
int bench_head_save(const struct bench_target *t, struct cuts_head *head);

/* The kernel's id of this boot; empty where it has none. */
void bench_boot_id(char buf[CUTS_BOOT_MAX]);

/* Appends "ID round N TEXT" to the log, durably. Without a log, nothing. */
int bench_log(const struct bench_options *o, const struct cuts_round *round, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The latest round of that test that the log knows, and the last write it calls confirmed; zeros: none. */
int bench_log_look(const struct bench_options *o, const uint8_t id[CUTS_ID_BYTES],
		   uint64_t *ret_round, uint64_t *ret_confirmed);

/*
 * Judges the round that is on the medium, if there is one that was not judged yet, tells the verdict,
 * and notes it in head.  EXIT_DONE: all that was confirmed was kept; EXIT_FAILED: something was lost, or
 * the line says what failed; EXIT_NOTHING: there is nothing to judge; EXIT_PHASE: no power was cut.
 * *ret_judged: a verdict was told.
 */
int bench_judge(const struct bench_target *t, const struct bench_options *o,
		struct cuts_head *head, bool *ret_judged);

int bench_speed(const struct bench_target *t, const struct bench_options *o);
int bench_cuts(const struct bench_target *t, const struct bench_options *o);
int bench_check(const struct bench_target *t, const struct bench_options *o);

#endif
