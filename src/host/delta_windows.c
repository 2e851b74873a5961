/* SPDX-License-Identifier: MIT */
/*
 * Choosing by samples: a rolling hash over 32 bytes, and of its values one in 64, which the bytes
 * themselves decide; so the same bytes give the same samples wherever they lie.  The new data's go into
 * a table of bits, and each window of the old image counts how many of its own are there.
 */
#include "host/delta_windows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#define SPAN_BYTES 32u
#define SAMPLE_SHIFT 58			/* one in 64: the upper 6 bits are zeros */
#define TABLE_BITS 26u			/* 8 MiB; a wrong hit in 150 for 28 MB of new data */
#define HITS_MIN 24u			/* of about 1024: what chance alone does not reach */
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)
#define SORTED_BYTES_MAX INT32_MAX	/* what divsufsort can sort */

struct window {
	uint64_t number;
	unsigned hits;
};

struct choice {
	uint8_t *table;
	struct window *window;		/* those with enough in common */
	size_t count, room;
	uint64_t filled_bytes;		/* of the image, in windows that are not all zero */
};

struct rolling {
	uint64_t hash, oldest;		/* the multiplier of the byte that leaves */
};

static struct rolling rolling_begin(const uint8_t *data)
{
	struct rolling r = { .oldest = 1 };

	for (unsigned i = 0; i < SPAN_BYTES; i++) {
		r.hash = r.hash * MULTIPLIER + data[i] + 1;
		r.oldest *= MULTIPLIER;
	}
	return r;
}

static void rolling_step(struct rolling *r, uint8_t leaves, uint8_t comes)
{
	r->hash = r->hash * MULTIPLIER + comes + 1 - (uint64_t)(leaves + 1) * r->oldest;
}

static bool is_sample(uint64_t hash)
{
	return !(hash >> SAMPLE_SHIFT);
}

static uint32_t slot_of(uint64_t hash)
{
	return (uint32_t)(hash >> (SAMPLE_SHIFT - TABLE_BITS)) & ((1u << TABLE_BITS) - 1);
}

static void note_samples(uint8_t *table, const uint8_t *data, size_t len_bytes)
{
	struct rolling r;

	if (len_bytes < SPAN_BYTES)
		return;
	r = rolling_begin(data);
	for (size_t i = SPAN_BYTES;; i++) {
		uint32_t slot = slot_of(r.hash);

		if (is_sample(r.hash))
			table[slot / 8] |= (uint8_t)(1u << slot % 8);
		if (i == len_bytes)
			return;
		rolling_step(&r, data[i - SPAN_BYTES], data[i]);
	}
}

/* A run of equal bytes is one hit, not as many as it is long. */
static unsigned count_hits(const uint8_t *table, const uint8_t *data, size_t len_bytes)
{
	uint64_t last = 0;
	unsigned hits = 0;
	struct rolling r;

	if (len_bytes < SPAN_BYTES)
		return 0;
	r = rolling_begin(data);
	for (size_t i = SPAN_BYTES;; i++) {
		uint32_t slot = slot_of(r.hash);

		if (is_sample(r.hash) && r.hash != last && table[slot / 8] >> slot % 8 & 1)
			hits++;
		if (is_sample(r.hash))
			last = r.hash;
		if (i == len_bytes)
			return hits;
		rolling_step(&r, data[i - SPAN_BYTES], data[i]);
	}
}

static bool all_zero(const uint8_t *data, size_t len_bytes)
{
	return !data[0] && !memcmp(data, data + 1, len_bytes - 1);
}

static int add_window(struct choice *c, uint64_t number, unsigned hits)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 1024;
		struct window *more = realloc(c->window, room * sizeof(*more));

		if (!more)
			return fail_sys(ENOMEM, "cannot choose what a delta copies from");
		c->window = more;
		c->room = room;
	}
	c->window[c->count++] = (struct window){ number, hits };
	return 0;
}

static int look_at_windows(struct choice *c, const struct cow_source *old)
{
	static uint8_t buf[DELTA_WINDOW_BYTES];

	for (uint64_t at = 0; at < old->size_bytes; at += DELTA_WINDOW_BYTES) {
		uint64_t left = old->size_bytes - at;
		size_t len = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		unsigned hits;
		int rc = old->read(old->ctx, at, buf, len);

		if (rc)
			return rc;
		if (all_zero(buf, len))
			continue;
		c->filled_bytes += len;
		hits = count_hits(c->table, buf, len);
		rc = hits < HITS_MIN ? 0 : add_window(c, at / DELTA_WINDOW_BYTES, hits);
		if (rc)
			return rc;
	}
	return 0;
}

static int most_hits_first(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	if (x->hits != y->hits)
		return x->hits < y->hits ? 1 : -1;
	return x->number < y->number ? -1 : 1;
}

static int in_order(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	return x->number < y->number ? -1 : 1;
}

/* As many of the best as there is room for, back in the image's order. */
static void keep_best(struct choice *c)
{
	uint64_t most = c->filled_bytes / 4 * 3;

	if (most > SORTED_BYTES_MAX)
		most = SORTED_BYTES_MAX;
	if (most < DELTA_WINDOW_BYTES)
		most = DELTA_WINDOW_BYTES;	/* of so little, all of it */
	qsort(c->window, c->count, sizeof(*c->window), most_hits_first);
	if (c->count > most / DELTA_WINDOW_BYTES)
		c->count = (size_t)(most / DELTA_WINDOW_BYTES);
	qsort(c->window, c->count, sizeof(*c->window), in_order);
}

static int read_windows(const struct choice *c, const struct cow_source *old,
			struct delta_windows *w)
{
	w->bytes = malloc(c->count * DELTA_WINDOW_BYTES + 1);
	w->at_bytes = calloc(c->count + 1, sizeof(*w->at_bytes));
	if (!w->bytes || !w->at_bytes)
		return fail_sys(ENOMEM, "cannot hold what a delta copies from");
	for (; w->count < c->count; w->count++) {
		uint64_t at = c->window[w->count].number * DELTA_WINDOW_BYTES;
		uint64_t left = old->size_bytes - at;
		size_t len = left < DELTA_WINDOW_BYTES ? (size_t)left : DELTA_WINDOW_BYTES;
		int rc = old->read(old->ctx, at, w->bytes + w->len_bytes, len);

		if (rc)
			return rc;
		w->at_bytes[w->count] = at;
		w->len_bytes += len;
	}
	return 0;
}

int delta_windows_choose(const struct cow_source *old, const uint8_t *data, size_t len_bytes,
			 struct delta_windows *ret_windows)
{
	struct choice c = { .table = calloc(1, (1u << TABLE_BITS) / 8) };
	int rc = 0;

	*ret_windows = (struct delta_windows){ 0 };
	if (!c.table)
		return fail_sys(ENOMEM, "cannot choose what a delta copies from");
	note_samples(c.table, data, len_bytes);
	rc = look_at_windows(&c, old);
	if (!rc && c.count)
		keep_best(&c);
	if (!rc)
		rc = read_windows(&c, old, ret_windows);
	free(c.window);
	free(c.table);
	return rc;
}

void delta_windows_free(struct delta_windows *windows)
{
	free(windows->bytes);
	free(windows->at_bytes);
	*windows = (struct delta_windows){ 0 };
}
