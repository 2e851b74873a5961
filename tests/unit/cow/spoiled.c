/* SPDX-License-Identifier: MIT */
/* Each byte of each chunk that the store has lost is told, and where its chunk belongs; nothing else is. */
#include "merge.h"

#include "cow/spoiled.h"

static int search(struct update *u, size_t buf_bytes, struct cow_spoiled *ret_spoiled)
{
	struct cow_source store = memory_source(&u->store), kept = memory_source(&u->kept);
	struct cow_scratch scratch = scratch_of(buf_bytes);

	return cow_spoiled(&store, &kept, u->stats.exceptions, u->chunk_sectors, &scratch,
			   ret_spoiled);
}

static uint64_t old_chunk(const struct update *u, uint64_t i)
{
	return get_le64(u->kept.data + 512 + i * 32);
}

static uint8_t *store_chunk(const struct update *u, uint64_t i)
{
	return u->store.data + get_le64(u->kept.data + 512 + i * 32 + 8) * u->chunk_bytes;
}

/* Chunks that the buffer holds, and such as are read in pieces. */
static void test_every_chunk(void **state)
{
	(void)state;
	for (uint32_t chunk_sectors = 1; chunk_sectors <= 64; chunk_sectors *= 8) {
		uint64_t random = 9;
		struct update u = update_new(40 * chunk_sectors * 512 - 5, chunk_sectors, 2, false, &random);
		struct cow_spoiled spoiled = { .chunks = 4711 };

		assert_int_equal(search(&u, 4096, &spoiled), 0);
		assert_int_equal(spoiled.chunks, 0);
		for (uint64_t i = 0; i < u.stats.exceptions; i++) {
			uint8_t *byte = store_chunk(&u, i) + random_next(&random) % u.chunk_bytes;

			*byte ^= 1;
			assert_int_equal(search(&u, 1024, &spoiled), 0);
			assert_int_equal(spoiled.chunks, 1);
			assert_int_equal(spoiled.first_bytes, old_chunk(&u, i) * u.chunk_bytes);
			*byte ^= 1;
		}
		update_free(&u);
	}
}

static void test_the_first_is_told(void **state)
{
	uint64_t random = 9;
	struct update u = update_new(100 * 512, 1, 1, false, &random);
	struct cow_spoiled spoiled;

	(void)state;
	store_chunk(&u, 99)[511] ^= 1;
	store_chunk(&u, 98)[0] ^= 1;
	store_chunk(&u, 20)[100] ^= 0x80;
	assert_int_equal(search(&u, 4096, &spoiled), 0);
	assert_int_equal(spoiled.chunks, 3);
	assert_int_equal(spoiled.first_bytes, 20 * 512);
	update_free(&u);
}

/* A store that ends early: nothing is told of what could not be read. */
static void test_unreadable(void **state)
{
	uint64_t random = 9;
	struct update u = update_new(100 * 512, 1, 1, false, &random);
	struct cow_spoiled spoiled = { .chunks = 4711 };

	(void)state;
	u.store.len_bytes -= 512;
	assert_true(search(&u, 4096, &spoiled) < 0);
	assert_int_equal(spoiled.chunks, 4711);
	assert_int_equal(search(&u, 512, &spoiled), -EINVAL);
	assert_string_equal(fail_text(), "no buffers to compare with");
	update_free(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_chunk),
		cmocka_unit_test(test_the_first_is_told),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
