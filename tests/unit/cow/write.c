/* SPDX-License-Identifier: MIT */
/*
 * Stores as written: exact for every n around each full area, equal to the golden files (which an
 * independent model made, tests/host/model.py), refused where the images do not fit.
 */
#include "memory.h"

#include "golden.h"

#include "base/bytes.h"

/* An image of chunks chunks whose first n differ from zeros. */
static struct memory changed_image(uint64_t chunks, size_t chunk_bytes, uint64_t n)
{
	struct memory m = memory_new(chunks * chunk_bytes);

	for (uint64_t i = 0; i < n; i++)
		m.data[i * chunk_bytes + i % chunk_bytes] = (uint8_t)(1 + i % 255);
	return m;
}

static void check_exact(uint32_t chunk_sectors, uint64_t n)
{
	size_t chunk_bytes = chunk_sectors * 512;
	struct memory old_image = changed_image(n + 1, chunk_bytes, 0);
	struct memory new_image = changed_image(n + 1, chunk_bytes, n);
	struct cow_stats stats;
	struct memory store = store_of(&old_image, &new_image, chunk_sectors, &stats);
	uint64_t entries = chunk_bytes / 16;

	assert_int_equal(stats.exceptions, n);
	assert_int_equal(stats.runs, (n + entries - 1) / entries);
	assert_int_equal(stats.store_bytes, (2 + n + n / entries) * chunk_bytes);
	assert_int_equal(store.len_bytes, stats.store_bytes);
	for (uint64_t i = 0; i < (n / entries + 1) * entries; i++) {
		uint64_t area_chunk = 1 + i / entries * (entries + 1);
		const uint8_t *entry = store.data + area_chunk * chunk_bytes + i % entries * 16;

		assert_int_equal(get_le64(entry), i < n ? i : 0);
		assert_int_equal(get_le64(entry + 8), i < n ? 2 + i + i / entries : 0);
		if (i < n)
			assert_memory_equal(store.data + get_le64(entry + 8) * chunk_bytes,
					    new_image.data + i * chunk_bytes, chunk_bytes);
	}
	free(old_image.data);
	free(new_image.data);
	free(store.data);
}

static void test_exact_around_areas(void **state)
{
	(void)state;
	for (uint64_t n = 0; n <= 4 * 32 + 2; n++)
		check_exact(1, n);
	for (uint64_t k = 1; k <= 3; k++)
		for (uint64_t n = k * 64 - 2; n <= k * 64 + 2; n++)
			check_exact(2, n);
	for (uint64_t n = 254; n <= 258; n++)
		check_exact(8, n);
}

struct golden {
	const char *file;
	uint32_t chunk_sectors;
	size_t image_bytes;
	uint64_t changed_from, changed_count, changed_step;	/* chunks */
};

/* Chunk c of the old image is filled with byte 0x40 + c, of the new with 0x80 + c where changed. */
static struct memory golden_image(const struct golden *g, bool is_new)
{
	struct memory m = memory_new(g->image_bytes);
	size_t chunk_bytes = g->chunk_sectors * 512;

	for (size_t at = 0; at < m.len_bytes; at++)
		m.data[at] = (uint8_t)(0x40 + at / chunk_bytes);
	for (uint64_t i = 0; is_new && i < g->changed_count; i++)
		for (size_t at = 0; at < chunk_bytes; at++) {
			uint64_t chunk = g->changed_from + i * g->changed_step;

			if (chunk * chunk_bytes + at < m.len_bytes)
				m.data[chunk * chunk_bytes + at] = (uint8_t)(0x80 + chunk);
		}
	return m;
}

static void check_golden(const struct golden *g)
{
	struct memory old_image = golden_image(g, false), new_image = golden_image(g, true);
	struct cow_stats stats;
	struct memory store = store_of(&old_image, &new_image, g->chunk_sectors, &stats);

	assert_golden(&store, g->file);
	free(store.data);
	free(old_image.data);
	free(new_image.data);
}

static void test_golden(void **state)
{
	static const struct golden golden[] = {
		{ "tests/golden/store/none.hex", 8, 40960, 0, 0, 1 },
		{ "tests/golden/store/full-area.hex", 1, 20480, 3, 32, 1 },
		{ "tests/golden/store/two-areas.hex", 1, 40960, 0, 40, 2 },
		{ "tests/golden/store/partial.hex", 8, 14336, 1, 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++)
		check_golden(&golden[i]);
}

static void test_partial_last_chunk(void **state)
{
	struct memory old_image = memory_new(4096 + 512), new_image = memory_new(4096 + 512);
	struct cow_stats stats;
	struct memory store;

	(void)state;
	new_image.data[4096 + 511] = 7;
	store = store_of(&old_image, &new_image, 8, &stats);
	assert_int_equal(stats.exceptions, 1);
	assert_int_equal(store.len_bytes, 3 * 4096);
	assert_int_equal(store.data[2 * 4096 + 511], 7);
	assert_true(bytes_are_zero(store.data + 2 * 4096 + 512, 4096 - 512));
	free(old_image.data);
	free(new_image.data);
	free(store.data);
}

static void test_runs(void **state)
{
	struct memory old_image = memory_new(100 * 512), new_image = memory_new(100 * 512);
	struct cow_stats stats;
	struct memory store;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		new_image.data[i * 512] = i != 10 && i != 50;	/* 0-9, 11-49, 51-99 */
	store = store_of(&old_image, &new_image, 1, &stats);
	assert_int_equal(stats.exceptions, 98);
	/* 0-9 | 11-32 (area ends after 32) | 33-49 | 51-65 | 66-97 | 98-99 */
	assert_int_equal(stats.runs, 6);
	free(old_image.data);
	free(new_image.data);
	free(store.data);
}

struct seen {
	size_t bytes, old_bytes, calls;
	bool in_order;
	const struct memory *new_image, *old_image;
};

static void on_chunk(void *ctx, const uint8_t *old_data, size_t old_bytes, const uint8_t *new_data,
		     size_t new_bytes)
{
	struct seen *s = ctx;

	s->in_order = s->in_order &&
		!memcmp(new_data, s->new_image->data + s->bytes, new_bytes) &&
		!memcmp(old_data, s->old_image->data + s->old_bytes, old_bytes);
	s->bytes += new_bytes;
	s->old_bytes += old_bytes;
	s->calls++;
}

/* Larger than one batch, so that the seams between batches are crossed; and without a sink. */
static void test_sees_every_chunk(void **state)
{
	struct memory old_image = memory_new((5u << 19) + 512);
	struct memory new_image = memory_new(old_image.len_bytes);
	struct cow_source old_source = memory_source(&old_image);
	struct cow_source new_source = memory_source(&new_image);
	struct seen s = { .in_order = true, .new_image = &new_image, .old_image = &old_image };
	struct cow_stats stats, again;
	struct memory store;

	(void)state;
	memory_randomise(&new_image, 5);
	assert_int_equal(cow_write(&old_source, &new_source, 8, NULL, on_chunk, &s, &stats), 0);
	assert_true(s.in_order);
	assert_int_equal(s.bytes, new_image.len_bytes);
	assert_int_equal(s.calls, 641);
	assert_int_equal(stats.exceptions, 641);
	store = store_of(&old_image, &new_image, 8, &again);
	assert_memory_equal(&again, &stats, sizeof(stats));
	assert_int_equal(store.len_bytes, stats.store_bytes);
	free(old_image.data);
	free(new_image.data);
	free(store.data);
}

/* Images of any size: both are seen whole, and the store turns what is there of OLD into NEW. */
static void test_sizes_that_differ(void **state)
{
	static const struct {
		size_t old_bytes, new_bytes, exceptions;
	} cases[] = {
		/* the same bytes, as far as both go; chunks of 512 */
		{ 1, 1, 0 }, { 511, 511, 0 }, { 700, 700, 0 }, { 700, 512, 0 }, { 700, 513, 0 },
		{ 700, 699, 0 }, { 700, 701, 1 }, { 512, 513, 1 }, { 512, 1024, 1 },
		{ 511, 1025, 3 }, { 1, 2048, 4 }, { 2048, 1, 0 }, { 5 << 19, (5 << 19) + 1, 1 },
		{ (1 << 20) - 1, (1 << 20) + 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memory old_image = memory_new(cases[i].old_bytes);
		struct memory new_image = memory_new(cases[i].new_bytes), result = { 0 }, store;
		struct cow_source old_source, new_source, store_source;
		struct cow_sink sink = memory_sink(&result);
		struct seen s = { .in_order = true, .new_image = &new_image, .old_image = &old_image };
		struct cow_found found;
		uint8_t buf[4096];
		struct cow_scratch scratch = { .buf = buf, .buf_bytes = sizeof(buf) };
		struct cow_expect expect = { .origin_bytes = cases[i].new_bytes };
		struct cow_stats stats;

		memory_randomise(&old_image, 3);
		memory_randomise(&new_image, 3);
		old_source = memory_source(&old_image);
		new_source = memory_source(&new_image);
		assert_int_equal(cow_write(&old_source, &new_source, 1, NULL, on_chunk, &s,
					   &stats), 0);
		assert_true(s.in_order);
		assert_int_equal(s.old_bytes, cases[i].old_bytes);
		assert_int_equal(s.bytes, cases[i].new_bytes);
		assert_int_equal(stats.exceptions, cases[i].exceptions);
		store = store_of(&old_image, &new_image, 1, &stats);
		store_source = memory_source(&store);
		assert_int_equal(cow_check(&store_source, &expect, &scratch, &found), 0);
		assert_int_equal(cow_apply(&old_source, &store_source, cases[i].new_bytes, &found,
					   &sink), 0);
		assert_int_equal(result.len_bytes, cases[i].new_bytes);
		assert_memory_equal(result.data, new_image.data, cases[i].new_bytes);
		free(old_image.data);
		free(new_image.data);
		free(result.data);
		free(store.data);
	}
}

static void test_refusals(void **state)
{
	static const struct { size_t old_bytes, new_bytes; uint32_t chunk_sectors; } cases[] = {
		{ 0, 0, 8 }, { 0, 512, 8 }, { 512, 0, 8 },
		{ 4096, 4096, 0 }, { 4096, 4096, 3 }, { 4096, 4096, 4194304 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memory old_image = memory_new(cases[i].old_bytes);
		struct memory new_image = memory_new(cases[i].new_bytes), out = { 0 };
		struct cow_source old_source = memory_source(&old_image);
		struct cow_source new_source = memory_source(&new_image);
		struct cow_sink sink = memory_sink(&out);
		struct cow_stats stats = { .exceptions = 77 };

		assert_int_equal(cow_write(&old_source, &new_source, cases[i].chunk_sectors, &sink,
					   NULL, NULL, &stats), -EINVAL);
		assert_int_equal(stats.exceptions, 77);
		assert_int_equal(out.len_bytes, 0);
		free(old_image.data);
		free(new_image.data);
	}
}

/* A sink that fails at any byte ends it with that error. */
static void test_sink_fails(void **state)
{
	struct memory old_image = memory_new(64 * 512), new_image = memory_new(64 * 512);
	struct cow_source old_source = memory_source(&old_image);
	struct cow_source new_source = memory_source(&new_image);
	size_t store_bytes = (2 + 64 + 2) * 512;

	(void)state;
	memory_randomise(&new_image, 9);
	for (size_t limit = 1; limit < store_bytes; limit += 512) {
		struct memory out = { .fail_after = limit };
		struct cow_sink sink = memory_sink(&out);
		struct cow_stats stats;

		assert_int_equal(cow_write(&old_source, &new_source, 1, &sink, NULL, NULL, &stats),
				 -EIO);
		free(out.data);
	}
	free(old_image.data);
	free(new_image.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_around_areas),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_partial_last_chunk),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_sees_every_chunk),
		cmocka_unit_test(test_sizes_that_differ),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_sink_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
