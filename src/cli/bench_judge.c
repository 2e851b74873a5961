/* SPDX-License-Identifier: MIT */
/*
 * After a cut: reading back, and the verdict in words.  Reads from the medium, past the cache.  Writes the
 * test's head, and anew the blocks that hold what nobody wrote.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/bench.h"

#define BATCH_BLOCKS 64u

typedef void take_fn(void *ctx, uint64_t block, const uint8_t *buf, uint8_t unreadable);

/* A batch that cannot be read as a whole: sector by sector, zeros where that fails too. */
static void read_sectors(const struct bench_target *t, uint64_t at, uint8_t *buf, uint64_t blocks,
			 uint8_t *unreadable)
{
	for (uint64_t s = 0; s < blocks * CUTS_BLOCK_SECTORS; s++)
		if (dev_read(&t->spare.medium, at + s * SECTOR_BYTES, buf + s * SECTOR_BYTES,
			     SECTOR_BYTES)) {
			memset(buf + s * SECTOR_BYTES, 0, SECTOR_BYTES);
			unreadable[s / CUTS_BLOCK_SECTORS] |=
				(uint8_t)(1u << s % CUTS_BLOCK_SECTORS);
		}
}

static void each_block(const struct bench_target *t, uint64_t blocks, struct progress *progress,
		       take_fn *take, void *ctx)
{
	static uint8_t buf[BATCH_BLOCKS * CUTS_BLOCK_BYTES];

	for (uint64_t first = 0; first < blocks; first += BATCH_BLOCKS) {
		uint64_t count = blocks - first < BATCH_BLOCKS ? blocks - first : BATCH_BLOCKS;
		uint64_t at = CUTS_FIRST_AT + first * CUTS_BLOCK_BYTES;
		uint8_t unreadable[BATCH_BLOCKS] = { 0 };

		if (dev_read(&t->spare.medium, at, buf, (size_t)(count * CUTS_BLOCK_BYTES)))
			read_sectors(t, at, buf, count, unreadable);
		for (uint64_t i = 0; i < count; i++)
			take(ctx, first + i, buf + i * CUTS_BLOCK_BYTES, unreadable[i]);
		progress_add(progress, count * CUTS_BLOCK_BYTES);
	}
}

struct looking {
	const struct cuts_head *head;
	struct cuts_reach reach;
};

static void look(void *ctx, uint64_t block, const uint8_t *buf, uint8_t unreadable)
{
	struct looking *l = ctx;

	(void)block;
	(void)unreadable;
	cuts_look(l->head->round.id, buf, &l->reach);
}

struct judging {
	const struct bench_target *t;
	struct cuts_judge judge;
	int rc;			/* of writing anew */
};

static void judge(void *ctx, uint64_t block, const uint8_t *buf, uint8_t unreadable)
{
	struct judging *j = ctx;
	uint8_t anew[CUTS_BLOCK_BYTES];

	if (!cuts_judge_block(&j->judge, block, buf, unreadable) || j->rc)
		return;
	cuts_renew(&j->judge.round, block, anew);
	j->rc = dev_write(&j->t->spare.dev, CUTS_FIRST_AT + block * CUTS_BLOCK_BYTES, anew, sizeof(anew));
}

/* ---- Telling ---- */

struct told {
	const struct cuts_judge *judge;
	const struct cuts_tally *tally;
	bool head_lost;		/* the head does not know the round that was written */
};

static bool is_bad(const struct told *told)
{
	return told->head_lost || cuts_is_bad(&told->judge->verdict);
}

static void tell_text(const struct told *told)
{
	const struct cuts_verdict *v = &told->judge->verdict;
	const struct cuts_tally *sum = told->tally;

	printf("round %" PRIu32 ": %" PRIu64 " writes were confirmed before the power went\n",
	       told->judge->round.number, told->judge->confirmed);
	printf("  %8" PRIu64 "  blocks lost though a flush had confirmed them\n", v->lost_flushed);
	printf("  %8" PRIu64 "  blocks lost though they were written durably by themselves (FUA)\n",
	       v->lost_alone);
	printf("  %8" PRIu64 "  blocks spoiled that nobody was writing\n", v->spoiled);
	printf("not confirmed yet, so the disk was free to lose it:\n");
	printf("  %8" PRIu64 "  blocks written whole\n", v->kept);
	printf("  %8" PRIu64 "  blocks passed over: not written, though a later one was\n",
	       v->passed_over);
	printf("  %8" PRIu64 "  blocks written in part\n", v->partial);
	printf("  %8" PRIu64 "  sectors torn: neither as before nor as written\n", v->torn_sectors);
	if (v->unreadable)
		printf("  %8" PRIu64 "  sectors of all these cannot be read\n", v->unreadable);
	if (told->head_lost)
		printf("LOST: the round itself, whose beginning a flush had confirmed\n");
	if (cuts_is_bad(v))
		printf("LOST: the first is block %" PRIu64 ", write %" PRIu64 "\n", v->first_block,
		       v->first_lost);
	printf("this time the disk %s\n", is_bad(told) ? "lost what it had confirmed" :
	       "kept all that it had confirmed");
	printf("in all: %" PRIu64 " rounds, %" PRIu64 " of them with a loss; %" PRIu64
	       " writes confirmed\n", sum->rounds, sum->bad_rounds, sum->confirmed);
}

static void tell_json(const struct told *told)
{
	const struct cuts_verdict *v = &told->judge->verdict;
	const struct cuts_tally *sum = told->tally;

	printf("{\"schema\":1,\"round\":%" PRIu32 ",\"lost\":%s,\"confirmed\":%" PRIu64
	       ",\"lost_flushed\":%" PRIu64 ",\"lost_fua\":%" PRIu64 ",\"spoiled\":%" PRIu64
	       ",\"head_lost\":%s,\"kept\":%" PRIu64 ",\"passed_over\":%" PRIu64
	       ",\"partial\":%" PRIu64 ",\"torn_sectors\":%" PRIu64 ",\"unreadable\":%" PRIu64,
	       told->judge->round.number, is_bad(told) ? "true" : "false", told->judge->confirmed,
	       v->lost_flushed, v->lost_alone, v->spoiled, told->head_lost ? "true" : "false",
	       v->kept, v->passed_over, v->partial, v->torn_sectors, v->unreadable);
	printf(",\"all\":{\"rounds\":%" PRIu64 ",\"rounds_lost\":%" PRIu64 ",\"confirmed\":%" PRIu64
	       ",\"lost_flushed\":%" PRIu64 ",\"lost_fua\":%" PRIu64 ",\"spoiled\":%" PRIu64
	       ",\"heads_lost\":%" PRIu64 ",\"passed_over\":%" PRIu64 ",\"partial\":%" PRIu64
	       ",\"torn_sectors\":%" PRIu64 "}}\n", sum->rounds, sum->bad_rounds, sum->confirmed,
	       sum->lost_flushed, sum->lost_alone, sum->spoiled, sum->heads_lost,
	       sum->passed_over, sum->partial, sum->torn_sectors);
}

static void count(struct cuts_tally *sum, const struct cuts_judge *j, bool head_lost)
{
	const struct cuts_verdict *v = &j->verdict;

	sum->rounds++;
	sum->bad_rounds += head_lost || cuts_is_bad(v);
	sum->confirmed += j->confirmed;
	sum->lost_flushed += v->lost_flushed;
	sum->lost_alone += v->lost_alone;
	sum->spoiled += v->spoiled;
	sum->heads_lost += head_lost;
	sum->passed_over += v->passed_over;
	sum->partial += v->partial;
	sum->torn_sectors += v->torn_sectors;
}

/* ---- Judging ---- */

/* The round that the medium or the log knows of last; what else is known of its reach. */
static int find_round(const struct bench_target *t, const struct bench_options *o,
		      const struct cuts_head *head, struct progress *progress,
		      struct looking *l, struct cuts_round *ret_round, uint64_t *ret_confirmed)
{
	uint64_t logged_round, logged, confirmed = o->confirmed;
	int rc = bench_log_look(o, head->round.id, &logged_round, &logged);

	if (rc)
		return rc;
	each_block(t, head->round.blocks, progress, look, l);
	*ret_round = head->round;
	if (l->reach.round > ret_round->number)
		ret_round->number = l->reach.round;
	if (logged_round > ret_round->number && logged_round <= UINT32_MAX)
		ret_round->number = (uint32_t)logged_round;
	if (logged_round == ret_round->number && logged > confirmed)
		confirmed = logged;
	if (ret_round->number == head->round.number && head->least > confirmed)
		confirmed = head->least;
	*ret_confirmed = confirmed;
	return 0;
}

static int judge_round(const struct bench_target *t, const struct bench_options *o,
		       struct cuts_head *head, struct progress *progress, bool *ret_judged)
{
	struct looking l = { .head = head };
	struct judging j = { .t = t };
	struct told told = { &j.judge, &head->tally, false };
	struct cuts_round round;
	char boot[CUTS_BOOT_MAX];
	uint64_t confirmed;
	int rc = find_round(t, o, head, progress, &l, &round, &confirmed);

	if (rc)
		return cli_failed();
	told.head_lost = round.number != head->round.number;
	if (!told.head_lost && head->phase == CUTS_IDLE)
		return EXIT_NOTHING;
	bench_boot_id(boot);
	if (!o->same_boot && boot[0] && !strcmp(boot, head->boot))
		return cli_refuse(EXIT_PHASE, "cannot judge round %" PRIu32 ": the system runs since "
				  "before it, so no power was cut; --same-boot if only the disk's was",
				  round.number);
	cuts_judge_begin(&j.judge, &round, &l.reach, confirmed);
	each_block(t, round.blocks, progress, judge, &j);
	progress_end(progress);
	head->round = round;
	head->phase = CUTS_IDLE;
	count(&head->tally, &j.judge, told.head_lost);
	*ret_judged = true;
	if (o->json)
		tell_json(&told);
	else
		tell_text(&told);
	if (j.rc || bench_head_save(t, head) ||
	    bench_log(o, &round, "judged %s, %" PRIu64 " confirmed", is_bad(&told) ? "lost" : "kept",
		      j.judge.confirmed))
		return cli_failed();
	return cli_printed(is_bad(&told) ? EXIT_FAILED : EXIT_DONE);
}

int bench_judge(const struct bench_target *t, const struct bench_options *o,
		struct cuts_head *head, bool *ret_judged)
{
	struct progress progress;
	int rc;

	*ret_judged = false;
	progress_begin(&progress, "reading", t->spare.dev.name,
		       2 * head->round.blocks * CUTS_BLOCK_BYTES);
	rc = judge_round(t, o, head, &progress, ret_judged);
	if (!*ret_judged)
		progress_end(&progress);
	return rc;
}

/* Blocks of a test whose head is gone from both its places: that, too, was confirmed. */
static void look_for_any(void *ctx, uint64_t block, const uint8_t *buf, uint8_t unreadable)
{
	struct cuts_sector s;

	(void)block;
	(void)unreadable;
	for (size_t at = 0; at < CUTS_BLOCK_BYTES; at += SECTOR_BYTES)
		if (!cuts_decode(buf + at, &s))
			*(bool *)ctx = true;
}

static int without_head(const struct bench_target *t)
{
	struct progress progress;
	bool found = false;

	progress_begin(&progress, "reading", t->spare.dev.name, t->size_bytes - CUTS_FIRST_AT);
	each_block(t, (t->size_bytes - CUTS_FIRST_AT) / CUTS_BLOCK_BYTES, &progress, look_for_any,
		   &found);
	progress_end(&progress);
	if (!found)
		return cli_refuse(EXIT_NOTHING, "%s", "no test of cuts was begun there");
	return cli_refuse(EXIT_FAILED, "cannot judge %s: both heads of the test are gone, and a flush "
			  "had confirmed them; the disk has lost what it confirmed", t->spare.dev.name);
}

int bench_check(const struct bench_target *t, const struct bench_options *o)
{
	struct cuts_head head = { 0 };
	bool judged;
	int rc = bench_head_load(t, &head);

	if (rc == -ENOENT)
		return without_head(t);
	if (rc)
		return cli_failed();
	rc = bench_judge(t, o, &head, &judged);
	if (rc != EXIT_NOTHING)
		return rc;
	return cli_refuse(EXIT_NOTHING, "nothing to judge: %" PRIu64 " rounds so far, %" PRIu64
			  " of them with a loss", head.tally.rounds, head.tally.bad_rounds);
}
