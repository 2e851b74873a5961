/* SPDX-License-Identifier: MIT */
/*
 * Every state a cut can leave, from the trace of a life.
 *
 * Few writes pending: every subset of them, and each with every tear.  Many: all up to the last
 * one, all but one, one alone, and each torn among the others.  After a write only those states are
 * made in which it counts; those without it were made at the step before.
 *
 * A reboot without a power cut (panic, watchdog) is a cut of another kind: what reached the disk's
 * cache is read back, and still is not durable.
 */
#include <string.h>

#include "gen.h"
#include "trace.h"

#define SOFT_SUBSETS_MAX 4u

static void set_child(void *ctx, unsigned at, content c)
{
	struct crash *crash = ctx;

	crash->undo[crash->undo_count].at = at;
	crash->undo[crash->undo_count++].was = crash->child.durable.at[at];
	image_set(&crash->child.durable, at, c);
}

static void keep(struct crash *c, const struct write *w)
{
	for (unsigned i = 0; i < w->count; i++)
		set_child(c, w->at + i, c->base.words[w->word + i]);
}

static void tear(struct crash *c, const struct write *w, unsigned n)
{
	tear_apply(&c->cutting, w, n, c->base.words, set_child, c);
}

/* Hands the child out and makes it the base again. */
static void show(struct crash *c)
{
	if (!c->stopped && !c->visit(c->ctx, c->op, c->variant, &c->child, &c->at))
		c->stopped = true;
	c->variant++;
	while (c->undo_count) {
		c->undo_count--;
		image_set(&c->child.durable, c->undo[c->undo_count].at, c->undo[c->undo_count].was);
	}
	c->child.pending_count = c->child.word_count = 0;
}

/* Write i with choice 0 lost, 1 kept, 2 and more torn. false: a journal does not leave that. */
static bool choose(struct crash *c, unsigned i, unsigned choice, bool *gap)
{
	const struct write *w = &c->base.pending[i];

	if (w->flags & WRITE_ORDERED) {
		if (choice && *gap)
			return false;
		*gap = *gap || !choice;
	}
	if (choice == 1)
		keep(c, w);
	else if (choice > 1)
		tear(c, w, choice - 2);
	return true;
}

static void drop(struct crash *c)
{
	const bool stopped = c->stopped;

	c->stopped = true; /* only undo */
	show(c);
	c->variant--;
	c->stopped = stopped;
}

/* Every subset; with `last` the last write is in each of them, whole or torn. */
static void each_subset(struct crash *c, bool last)
{
	const unsigned n = c->base.pending_count, free = last ? n - 1 : n;
	struct gen g = { 0 };

	while (!c->stopped && gen_next(&g)) {
		bool gap = false, possible = true;

		for (unsigned i = 0; i < n && possible; i++) {
			unsigned choice =
				i < free ? gen_index(&g, 2)
					 : 1 + gen_index(&g, 1 + tear_count(&c->cutting,
									    &c->base.pending[i]));

			possible = choose(c, i, choice, &gap);
		}
		if (possible)
			show(c);
		else
			drop(c);
	}
}

/* All but write `out`, or `only` alone; torn in way tear when the choice is above 1. */
static void one_of_many(struct crash *c, unsigned which, unsigned choice, unsigned others)
{
	bool gap = false, possible = true;

	if (c->stopped)
		return;
	for (unsigned i = 0; i < c->base.pending_count && possible; i++)
		possible = choose(c, i, i == which ? choice : others, &gap);
	if (possible)
		show(c);
	else
		drop(c);
}

static void each_of_many(struct crash *c, bool last)
{
	const unsigned n = c->base.pending_count;

	one_of_many(c, n - 1, 1, 1);
	for (unsigned i = 0; i < n; i++)
		one_of_many(c, i, 0, 1);
	for (unsigned i = last ? n - 1 : 0; i < n; i++)
		one_of_many(c, i, 1, 0);
	if (!last)
		one_of_many(c, 0, 0, 0);
	for (unsigned t = 0; last && t < tear_count(&c->cutting, &c->base.pending[n - 1]); t++)
		one_of_many(c, n - 1, 2 + t, 0);
}

/* One write torn while all the others are kept. */
static void each_torn_among_all(struct crash *c)
{
	for (unsigned i = 0; i < c->base.pending_count; i++)
		for (unsigned t = 0; t < tear_count(&c->cutting, &c->base.pending[i]); t++)
			one_of_many(c, i, 2 + t, 1);
}

/* The write is in the disk's cache after the reboot: read, and not durable. */
static void stay(struct crash *c, const struct write *w)
{
	struct write *to = &c->child.pending[c->child.pending_count++];

	*to = *w;
	to->flags &= (uint8_t)~WRITE_CACHED;
	to->word = c->child.word_count;
	memcpy(&c->child.words[to->word], &c->base.words[w->word], w->count * sizeof(content));
	c->child.word_count += w->count;
}

/* bits: which of the first pages in the page cache were on their way to the disk. */
static void one_soft(struct crash *c, unsigned bits)
{
	unsigned cached = 0;
	bool gap = false;

	for (unsigned i = 0; i < c->base.pending_count; i++) {
		const struct write *w = &c->base.pending[i];
		bool sent = true;

		if (w->flags & WRITE_ORPHAN)
			continue;
		if (w->flags & WRITE_CACHED) {
			sent = cached >= SOFT_SUBSETS_MAX ? bits & 1 : bits >> cached & 1;
			cached++;
		}
		if (w->flags & WRITE_ORDERED) {
			sent = sent && !gap;
			gap = gap || !sent;
		}
		if (sent)
			stay(c, w);
	}
	show(c);
}

static void each_soft(struct crash *c)
{
	unsigned cached = 0;

	for (unsigned i = 0; i < c->base.pending_count; i++)
		if (c->base.pending[i].flags & WRITE_CACHED &&
		    !(c->base.pending[i].flags & WRITE_ORPHAN))
			cached++;
	if (cached > SOFT_SUBSETS_MAX)
		cached = 1; /* all of them or none */
	for (unsigned bits = 0; bits < 1u << cached && !c->stopped; bits++)
		one_soft(c, bits);
}

static void cut_here(struct crash *c, bool after_write)
{
	const unsigned n = c->base.pending_count;

	if (n <= c->cutting.all_max)
		each_subset(c, after_write);
	else
		each_of_many(c, after_write);
	if (after_write)
		each_torn_among_all(c);
	if (n)
		each_soft(c);
}

static void make_durable(struct crash *c, unsigned i)
{
	struct write *w = &c->base.pending[i];

	image_apply(&c->base.durable, w, c->base.words);
	image_apply(&c->child.durable, w, c->base.words);
	w->count = 0;
}

static void add_write(struct crash *c, const struct write *from, const content *words)
{
	struct disks *b = &c->base;
	struct write *w;

	for (unsigned i = 0; i < b->pending_count; i++)
		if (b->pending[i].flags & WRITE_ORPHAN && b->pending[i].at >= from->at &&
		    b->pending[i].at + b->pending[i].count <= from->at + from->count)
			b->pending[i].count = 0;
	disks_compact(b);
	w = &b->pending[b->pending_count++];
	*w = *from;
	w->word = b->word_count;
	memcpy(&b->words[w->word], &words[from->word], w->count * sizeof(content));
	b->word_count += w->count;
}

/* The same that disk.c did when it happened. */
static void replay(struct crash *c, const struct op *op, const content *words)
{
	switch ((enum op_kind)op->kind) {
	case OP_WRITE:
		add_write(c, &op->write, words);
		return;
	case OP_FLUSH:
		for (unsigned i = 0; i < c->base.pending_count; i++)
			if (c->base.pending[i].disk == op->disk &&
			    !(c->base.pending[i].flags & WRITE_ORPHAN))
				make_durable(c, i);
		break;
	case OP_ORPHAN:
		for (unsigned i = 0; i < c->base.pending_count; i++)
			if (c->base.pending[i].disk == op->disk &&
			    c->base.pending[i].flags & WRITE_MADE_BY_HOST)
				c->base.pending[i].flags |= WRITE_ORPHAN;
		return;
	case OP_FORGET:
		for (unsigned i = 0; i < c->base.pending_count; i++)
			if (c->base.pending[i].disk == op->disk &&
			    c->base.pending[i].flags & WRITE_ORPHAN &&
			    c->base.pending[i].flags & WRITE_CACHED)
				c->base.pending[i].count = 0;
		break;
	case OP_SETTLE:
		make_durable(c, c->base.pending_count - 1);
		break;
	case OP_POKE:
		image_set(&c->base.durable, op->write.at, words[op->write.word]);
		image_set(&c->child.durable, op->write.at, words[op->write.word]);
		return;
	case OP_LEDGER:
		c->at = op->ledger;
		return;
	}
	disks_compact(&c->base);
}

void crash_each(struct crash *c, const struct trace *trace, const struct cutting *cutting,
		crash_visit *visit, void *ctx)
{
	disks_copy(&c->base, &trace->start);
	image_copy(&c->child.durable, &trace->start.durable);
	c->child.pending_count = c->child.word_count = c->undo_count = 0;
	c->at = trace->ledger;
	c->stopped = false;
	c->visit = visit;
	c->ctx = ctx;
	c->cutting = *cutting;
	for (c->op = 0; c->op < trace->count && !c->stopped; c->op++) {
		const struct op *op = &trace->op[c->op];

		c->variant = 0;
		replay(c, op, trace->words);
		/* A flush leaves fewer states than there were before it; pokes come in rows. */
		if (op->kind == OP_WRITE || op->kind == OP_LEDGER)
			cut_here(c, op->kind == OP_WRITE);
		else if (op->kind != OP_POKE || c->op + 1 == trace->count ||
			 trace->op[c->op + 1].kind != OP_POKE)
			cut_here(c, false);
	}
}
