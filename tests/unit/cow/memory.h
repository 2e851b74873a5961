/* SPDX-License-Identifier: MIT */
/*
 * Images and stores in memory for the tests of cow and bundle: a cow_source over bytes, a cow_sink
 * that grows, random images.
 */
#ifndef COWBOOT_TESTS_MEMORY_H
#define COWBOOT_TESTS_MEMORY_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail	/* cmocka's; the one of base/fail.h is meant */

#include "base/fail.h"
#include "cow/write.h"

struct memory {
	uint8_t *data;
	size_t len_bytes;
	size_t fail_after;	/* of a sink: -EIO past so many bytes; 0: never */
};

static inline int memory_read(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct memory *m = ctx;

	if (offset_bytes > m->len_bytes || len_bytes > m->len_bytes - offset_bytes)
		return fail(EIO, "cannot read memory: past its end");
	memcpy(buf, m->data + offset_bytes, len_bytes);
	return 0;
}

static inline int memory_write(void *ctx, const void *data, size_t len_bytes)
{
	struct memory *m = ctx;

	if (m->fail_after && m->len_bytes + len_bytes > m->fail_after)
		return fail(EIO, "cannot write memory: full");
	m->data = realloc(m->data, m->len_bytes + len_bytes);
	assert_non_null(m->data);
	memcpy(m->data + m->len_bytes, data, len_bytes);
	m->len_bytes += len_bytes;
	return 0;
}

static inline struct cow_source memory_source(struct memory *m)
{
	return (struct cow_source){ memory_read, m, m->len_bytes };
}

static inline struct cow_sink memory_sink(struct memory *m)
{
	return (struct cow_sink){ memory_write, m };
}

/* Freed by the caller through free(m.data), as everything here. */
static inline struct memory memory_new(size_t len_bytes)
{
	struct memory m = { calloc(1, len_bytes ? len_bytes : 1), len_bytes, 0 };

	assert_non_null(m.data);
	return m;
}

static inline struct memory memory_copy(const struct memory *from)
{
	struct memory m = memory_new(from->len_bytes);

	memcpy(m.data, from->data, from->len_bytes);
	return m;
}

/* Marsaglia's xorshift: the same numbers on every machine. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void memory_randomise(struct memory *m, uint64_t seed)
{
	uint64_t state = seed * 2654435761u + 1;

	for (size_t i = 0; i < m->len_bytes; i++)
		m->data[i] = (uint8_t)(random_next(&state) >> 32);
}

/* The store that turns old into new; fails the test when it cannot be written. */
static inline struct memory store_of(struct memory *old_image, struct memory *new_image,
				     uint32_t chunk_sectors, struct cow_stats *ret_stats)
{
	struct cow_source old_source = memory_source(old_image);
	struct cow_source new_source = memory_source(new_image);
	struct memory store = { 0 };
	struct cow_sink sink = memory_sink(&store);

	assert_int_equal(cow_write(&old_source, &new_source, chunk_sectors, &sink, NULL, NULL,
				   ret_stats), 0);
	return store;
}

#endif
