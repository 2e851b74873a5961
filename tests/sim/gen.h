/* SPDX-License-Identifier: MIT */
/*
 * Visits every combination of answers: a loop asks gen_index(n) as often as it likes, and comes
 *back until gen_next says that all answers were given (exhaustigen, after TigerBeetle).
 *
 *	struct gen g = { 0 };
 *	while (gen_next(&g)) { a = gen_index(&g, 2); b = gen_index(&g, a + 1); ... }
 */
#ifndef SIM_GEN_H
#define SIM_GEN_H

#include <stdbool.h>
#include <stdlib.h>

#define GEN_DEPTH 64

struct gen {
	bool begun;
	unsigned at, depth;
	unsigned value[GEN_DEPTH], bound[GEN_DEPTH];
};

/* Whether another combination is left; begins with all zeros. */
static inline bool gen_next(struct gen *g)
{
	if (!g->begun) {
		g->begun = true;
		return true;
	}
	g->at = 0;
	while (g->depth > 0) {
		if (++g->value[g->depth - 1] < g->bound[g->depth - 1])
			return true;
		g->depth--;
	}
	return false;
}

/* An answer from 0 to count-1. */
static inline unsigned gen_index(struct gen *g, unsigned count)
{
	if (g->at == GEN_DEPTH)
		abort();
	if (g->at == g->depth) {
		g->value[g->depth] = 0;
		g->bound[g->depth] = count;
		g->depth++;
	}
	return g->value[g->at++];
}

#endif
