/* SPDX-License-Identifier: MIT */
/*
 * What one life of the board did to its disks, step by step, and every state that a cut in it can
 * leave.  The life runs once; the cuts are made afterwards, from the trace.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "disk.h"
#include "oracle.h"

#define OPS_MAX 3072u
#define TRACE_WORDS_MAX 24576u

enum op_kind { OP_WRITE, OP_FLUSH, OP_ORPHAN, OP_FORGET, OP_SETTLE, OP_POKE, OP_LEDGER };

struct op {
	uint8_t kind, disk;
	struct write write; /* its contents are in the trace's words */
	struct ledger ledger; /* after OP_LEDGER */
};

struct trace {
	struct disks start;
	struct ledger ledger; /* at the start */
	unsigned count, word_count, writes, flushes;
	struct op op[OPS_MAX];
	content words[TRACE_WORDS_MAX];
};

/* Begins to record into trace; NULL ends it. */
void trace_begin(struct trace *trace);

void trace_write(const struct write *w, const content *data);
void trace_flush(enum disk d);
void trace_orphan(enum disk d);
void trace_forget(enum disk d);
void trace_settle(void);
void trace_poke(unsigned at, content c);
void trace_ledger(void);

/* How crash states are made. */
struct cutting {
	bool blocks; /* sectors of 4096 bytes: nothing smaller is torn */
	unsigned all_max; /* up to so many pending writes every subset is taken */
};

/* Takes one state; false ends the walk. variant counts from 0 at each op. */
typedef bool crash_visit(void *ctx, unsigned op, unsigned variant, const struct disks *state,
			 const struct ledger *at);

struct crash { /* what a walk works in */
	struct disks base, child;
	struct ledger at;
	unsigned op, variant, undo_count;
	struct {
		unsigned at;
		content was;
	} undo[WORDS_MAX];
	bool stopped;
	crash_visit *visit;
	void *ctx;
	struct cutting cutting;
};

void crash_each(struct crash *c, const struct trace *trace, const struct cutting *cutting,
		crash_visit *visit, void *ctx);

/* tear.c: the ways in which one write can be torn, and what is left of it then. */
unsigned tear_count(const struct cutting *cutting, const struct write *w);
void tear_apply(const struct cutting *cutting, const struct write *w, unsigned tear,
		const content *words, void (*set)(void *ctx, unsigned at, content c), void *ctx);

#endif
