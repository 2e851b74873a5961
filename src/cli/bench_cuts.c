/* SPDX-License-Identifier: MIT */
/*
 * A round of cuts: writing, and being cut.  The head says durably that the round has begun before its
 * first write; after that only the power ends it, or a person, and then it does not count.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/progress.h"
#include "base/sys.h"
#include "cli/bench.h"

#define SETTLE_MS 2000		/* for a disk that lies about the flush of the head, too */
#define TELL_MS 1000
#define CUT_LIMIT_MS 60000	/* from the command's start on */
#define LEAST_MIN 64u		/* writes confirmed before the command is run: so many, */
#define LEAST_RANGE 2048u	/* and at random up to so many more */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	(void)sys_catch_signals(numbers, ARRAY_SIZE(numbers), stop);	/* else they end us, and it counts */
}

/* ---- The test's beginning ---- */

/* Writes every block once, so that before the first round each of them holds what the test has put there. */
static int prepare(const struct bench_target *t, struct cuts_head *head)
{
	static _Alignas(4096) uint8_t buf[64 * CUTS_BLOCK_BYTES];
	struct progress progress;
	uint64_t at = CUTS_FIRST_AT;
	size_t len = 0;
	int rc = sys_random(head->round.id, CUTS_ID_BYTES);

	if (rc)
		return fail_sys(-rc, "cannot name the test");
	head->round.blocks = (t->size_bytes - CUTS_FIRST_AT) / CUTS_BLOCK_BYTES;
	progress_begin(&progress, "writing", t->spare.dev.name,
		       head->round.blocks * CUTS_BLOCK_BYTES);
	for (uint64_t write = 1; write <= head->round.blocks && !rc; write++) {
		cuts_fill(&head->round, write, 0, buf + len);
		len += CUTS_BLOCK_BYTES;
		if (len < sizeof(buf) && write < head->round.blocks)
			continue;
		rc = spare_write(&t->spare, false, at, buf, len);
		progress_add(&progress, len);
		at += len;
		len = 0;
	}
	progress_end(&progress);
	if (!rc)
		rc = dev_flush(&t->spare.dev);
	return rc ? rc : bench_head_save(t, head);
}

static int begin_round(const struct bench_target *t, const struct bench_options *o,
		       struct cuts_head *head)
{
	uint32_t chance = 0;
	int rc = sys_random(&chance, sizeof(chance));

	if (rc)
		return fail_sys(-rc, "cannot choose when to cut");
	head->round.number++;
	head->phase = CUTS_WRITING;
	head->least = o->cut_command ? LEAST_MIN + chance % LEAST_RANGE : 0;
	bench_boot_id(head->boot);
	rc = bench_log(o, &head->round, "begun");
	if (!rc)
		rc = bench_head_save(t, head);
	if (!rc)
		sys_sleep_ms(SETTLE_MS);
	return rc;
}

/* ---- Writing ---- */

struct writing {
	const struct bench_target *t;
	const struct bench_options *o;
	const struct cuts_head *head;
	uint64_t confirmed, told_ms;
	int child;			/* the command; 0: not yet; -1: it has ended */
	uint64_t child_ms;
};

/* The writes up to the next flush, and the flush; or one that is durable by itself. */
static int write_epoch(struct writing *w)
{
	static _Alignas(4096) uint8_t buf[CUTS_BLOCK_BYTES];
	const struct cuts_round *round = &w->head->round;
	uint64_t first = w->confirmed + 1, end = cuts_end(round, first);
	int rc = 0;

	for (uint64_t write = first; write <= end && !rc; write++) {
		uint64_t at = CUTS_FIRST_AT + cuts_block(round, write) * CUTS_BLOCK_BYTES;

		cuts_fill(round, write, w->confirmed, buf);
		rc = cuts_alone(round, write) ?
		     spare_write(&w->t->spare, true, at, buf, sizeof(buf)) :
		     dev_write(&w->t->spare.dev, at, buf, sizeof(buf));
	}
	if (!rc && !cuts_alone(round, end))
		rc = dev_flush(&w->t->spare.dev);
	if (!rc)
		w->confirmed = end;
	return rc;
}

static int tell(struct writing *w)
{
	uint64_t now_ms = sys_now_ms();

	if (now_ms - w->told_ms < TELL_MS)
		return 0;
	w->told_ms = now_ms;
	printf("confirmed %" PRIu64 "\n", w->confirmed);
	(void)fflush(stdout);	/* if nobody reads it, the round goes on */
	return bench_log(w->o, &w->head->round, "confirmed %" PRIu64, w->confirmed);
}

static int run_command(void *ctx)
{
	char *argv[] = { "sh", "-c", ctx, NULL };

	(void)sys_exec("/bin/sh", argv, environ);	/* it returns only when it fails */
	return 127;
}

static int start_command(struct writing *w)
{
	w->child_ms = sys_now_ms();
	w->child = child_start(run_command, (void *)w->o->cut_command);
	return w->child < 0 ? fail_sys(-w->child, "cannot run %s", w->o->cut_command) : 0;
}

/* Has the power cut once the head's promise holds; an error when that does not help. */
static int cut(struct writing *w)
{
	int code;

	if (!w->o->cut_command || w->confirmed < w->head->least)
		return 0;
	if (!w->child)
		return start_command(w);
	if (w->child > 0 && child_has_ended(w->child, &code)) {
		w->child = -1;
		if (code)
			return fail(EIO, "cannot cut the power: '%s' failed", w->o->cut_command);
	}
	if (sys_now_ms() - w->child_ms > CUT_LIMIT_MS)
		return fail(ETIME, "cannot cut the power: '%s' has not done it in %u s",
			    w->o->cut_command, CUT_LIMIT_MS / 1000);
	return 0;
}

static int write_round(const struct bench_target *t, const struct bench_options *o,
		       struct cuts_head *head)
{
	struct writing w = { .t = t, .o = o, .head = head, .told_ms = sys_now_ms() };
	bool written = true;
	int rc = 0;

	while (!stopped && !rc) {
		rc = write_epoch(&w);
		written = !rc;
		if (!rc)
			rc = tell(&w);
		if (!rc)
			rc = cut(&w);
	}
	if (!written)	/* the disk has gone, perhaps, and the system has not: that is for --check */
		return cli_failed();
	head->phase = CUTS_IDLE;
	if (rc)
		(void)cli_failed();
	if (bench_log(o, &head->round, "stopped") || bench_head_save(t, head))
		return cli_failed();
	if (!rc)
		printf("round %" PRIu32 " was stopped and does not count\n", head->round.number);
	return rc ? EXIT_FAILED : cli_printed(EXIT_DONE);
}

int bench_cuts(const struct bench_target *t, const struct bench_options *o)
{
	struct cuts_head head = { 0 };
	bool judged;
	int rc = bench_head_load(t, &head);

	if (!rc) {
		rc = bench_judge(t, o, &head, &judged);
		if (!judged && rc != EXIT_NOTHING)
			return rc;
	} else {
		if (rc == -ENOENT)
			rc = t->created || o->force ? 0 : bench_check_blank(t);
		if (rc || prepare(t, &head))
			return cli_failed();
	}
	catch_signals();
	if (begin_round(t, o, &head))
		return cli_failed();
	if (o->cut_command)
		printf("round %" PRIu32 ": '%s' will cut the power\n", head.round.number,
		       o->cut_command);
	else
		printf("round %" PRIu32 ": cut the power now, at any moment; control-C ends the "
		       "round without a verdict\n", head.round.number);
	(void)fflush(stdout);	/* whoever listens */
	return write_round(t, o, &head);
}
