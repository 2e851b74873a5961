/* SPDX-License-Identifier: MIT */
/* apply(old, write(old, new)) is new, for random images and chunk sizes; for lists in any order. */
#include "memory.h"

#include "base/bytes.h"

static struct cow_found checked(struct memory *store, uint64_t origin_bytes)
{
	static uint8_t buf[4096], bits[4096];
	struct cow_source source = memory_source(store);
	struct cow_scratch scratch = { buf, sizeof(buf), bits, sizeof(bits) };
	struct cow_expect expect = { .origin_bytes = origin_bytes };
	struct cow_found found;

	assert_int_equal(cow_check(&source, &expect, &scratch, &found), 0);
	return found;
}

static struct memory applied(struct memory *origin, struct memory *store, uint64_t size_bytes)
{
	struct cow_found found = checked(store, origin->len_bytes);
	struct cow_source origin_source = memory_source(origin);
	struct cow_source store_source = memory_source(store);
	struct memory out = { 0 };
	struct cow_sink sink = memory_sink(&out);

	assert_int_equal(cow_apply(&origin_source, &store_source, size_bytes, &found, &sink), 0);
	return out;
}

static void assert_same(const struct memory *got, const struct memory *want)
{
	assert_int_equal(got->len_bytes, want->len_bytes);
	assert_memory_equal(got->data, want->data, want->len_bytes);
}

/* Changes random stretches, from nothing to all of it. */
static void change(struct memory *m, uint64_t *random)
{
	uint64_t stretches = random_next(random) % 12;

	for (uint64_t i = 0; i < stretches; i++) {
		size_t at = random_next(random) % m->len_bytes;
		size_t len = random_next(random) % (random_next(random) % 8 ? 3000 : m->len_bytes);

		for (; len && at < m->len_bytes; len--, at++)
			m->data[at] = (uint8_t)(random_next(random) >> 40);
	}
}

static void test_round_trip(void **state)
{
	uint64_t random = 20191015;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		uint32_t chunk_sectors = 1u << random_next(&random) % 6;
		struct memory old_image = memory_new((1 + random_next(&random) % 300) * 512);
		struct memory new_image, store, out;
		struct cow_stats stats;
		struct cow_found found;

		memory_randomise(&old_image, round);
		new_image = memory_copy(&old_image);
		change(&new_image, &random);
		store = store_of(&old_image, &new_image, chunk_sectors, &stats);
		assert_int_equal(store.len_bytes, stats.store_bytes);
		found = checked(&store, old_image.len_bytes);
		assert_int_equal(found.exceptions, stats.exceptions);
		assert_int_equal(found.runs, stats.runs);
		assert_true(found.ascending);
		out = applied(&old_image, &store, old_image.len_bytes);
		assert_same(&out, &new_image);
		free(old_image.data);
		free(new_image.data);
		free(store.data);
		free(out.data);
	}
}

/* As a kernel would leave it after scattered writes: the same exceptions in another order. */
static void test_any_order(void **state)
{
	struct memory old_image = memory_new(200 * 512), new_image = memory_new(200 * 512);
	struct memory store, out;
	struct cow_stats stats;
	uint64_t random = 7;

	(void)state;
	memory_randomise(&new_image, 3);
	store = store_of(&old_image, &new_image, 1, &stats);
	for (uint64_t i = 199; i; i--) {
		uint64_t j = random_next(&random) % (i + 1);
		uint8_t *a = store.data + cow_area_chunk(1, i / 32) * 512 + i % 32 * 16;
		uint8_t *b = store.data + cow_area_chunk(1, j / 32) * 512 + j % 32 * 16;
		uint8_t swap[16];

		memcpy(swap, a, 16);
		memcpy(a, b, 16);
		memcpy(b, swap, 16);
	}
	assert_false(checked(&store, old_image.len_bytes).ascending);
	out = applied(&old_image, &store, old_image.len_bytes);
	assert_same(&out, &new_image);
	free(old_image.data);
	free(new_image.data);
	free(store.data);
	free(out.data);
}

/* The origin may be larger than the image, as a partition is; only the image is written. */
static void test_origin_larger(void **state)
{
	struct memory old_image = memory_new(5 * 512), new_image = memory_new(5 * 512);
	struct memory origin = memory_new(100 * 512), store, out;
	struct cow_stats stats;

	(void)state;
	memory_randomise(&origin, 4);
	memcpy(old_image.data, origin.data, old_image.len_bytes);
	memory_randomise(&new_image, 5);
	store = store_of(&old_image, &new_image, 8, &stats);
	out = applied(&origin, &store, old_image.len_bytes);
	assert_same(&out, &new_image);
	free(out.data);
	/* And an image that ends before an exception begins has none of it. */
	put_le64(store.data + 4096, 3);
	out = applied(&origin, &store, old_image.len_bytes);
	assert_same(&out, &old_image);
	free(out.data);
	free(old_image.data);
	free(new_image.data);
	free(origin.data);
	free(store.data);
}

static void test_errors(void **state)
{
	struct memory old_image = memory_new(64 * 512), new_image = memory_new(64 * 512), store;
	struct cow_source old_source, store_source;
	struct cow_found found;
	struct cow_stats stats;

	(void)state;
	memory_randomise(&new_image, 6);
	memcpy(new_image.data + 20 * 512, old_image.data + 20 * 512, 20 * 512);
	store = store_of(&old_image, &new_image, 1, &stats);
	found = checked(&store, old_image.len_bytes);
	old_source = memory_source(&old_image);
	store_source = memory_source(&store);
	for (size_t limit = 1; limit < old_image.len_bytes; limit += 512) {
		struct memory out = { .fail_after = limit };
		struct cow_sink sink = memory_sink(&out);

		assert_int_equal(cow_apply(&old_source, &store_source, old_image.len_bytes, &found,
					   &sink), -EIO);
		free(out.data);
	}
	free(old_image.data);
	free(new_image.data);
	free(store.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_origin_larger),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
