/* SPDX-License-Identifier: MIT */
/* Recording a life. */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trace *to;

void trace_begin(struct trace *trace)
{
	to = trace;
	if (!trace)
		return;
	disks_copy(&trace->start, &now);
	trace->ledger = ledger;
	trace->count = trace->word_count = trace->writes = trace->flushes = 0;
}

static struct op *next(enum op_kind kind, enum disk d)
{
	struct op *op;

	if (to->count == OPS_MAX) {
		fprintf(stderr, "sim: a life with more than %u steps\n", OPS_MAX);
		abort();
	}
	op = &to->op[to->count++];
	op->kind = (uint8_t)kind;
	op->disk = (uint8_t)d;
	return op;
}

static uint32_t keep_words(const content *data, unsigned count)
{
	uint32_t word = to->word_count;

	if (to->word_count + count > TRACE_WORDS_MAX) {
		fprintf(stderr, "sim: a life that writes more than %u sectors\n", TRACE_WORDS_MAX);
		abort();
	}
	memcpy(&to->words[word], data, count * sizeof(data[0]));
	to->word_count += count;
	return word;
}

void trace_write(const struct write *w, const content *data)
{
	struct op *op;

	if (!to)
		return;
	op = next(OP_WRITE, w->disk);
	op->write = *w;
	op->write.word = keep_words(data, w->count);
	to->writes++;
}

void trace_flush(enum disk d)
{
	if (!to)
		return;
	next(OP_FLUSH, d);
	to->flushes++;
}

void trace_orphan(enum disk d)
{
	if (to)
		next(OP_ORPHAN, d);
}

void trace_forget(enum disk d)
{
	if (to)
		next(OP_FORGET, d);
}

void trace_settle(void)
{
	if (to)
		next(OP_SETTLE, DISK_COUNT);
}

void trace_poke(unsigned at, content c)
{
	struct op *op;

	if (!to)
		return;
	op = next(OP_POKE, DISK_COUNT);
	op->write = (struct write){ .count = 1, .at = at, .word = keep_words(&c, 1) };
}

/* The ledger as it is after what was just seen; several in a row with nothing between are one. */
void trace_ledger(void)
{
	if (!to)
		return;
	if (to->count && to->op[to->count - 1].kind == OP_LEDGER)
		to->op[to->count - 1].ledger = ledger;
	else
		next(OP_LEDGER, DISK_COUNT)->ledger = ledger;
}
