/* SPDX-License-Identifier: MIT */
/*
 * The kept list: as long as it says, equal to the golden file, the same exceptions in the same order as
 * the store's, and each way it can be wrong refused.
 */
#include "merge.h"

#include "golden.h"

#include "base/crc32c.h"

static int check(struct update *u, struct memory *kept, const struct cow_mark *mark,
		 struct cow_found *ret_found)
{
	struct cow_source source = memory_source(kept);
	struct cow_scratch scratch = scratch_of(512);

	return cow_kept_check(&source, mark, u->chunk_sectors, u->old_image.len_bytes,
			      u->store.len_bytes, &scratch, ret_found);
}

static void assert_bad(struct update *u, struct memory *kept, int rc, const char *reason)
{
	struct cow_found found = { .exceptions = 4711 };

	assert_int_equal(check(u, kept, &u->mark, &found), rc);
	assert_string_equal(fail_text(), reason);
	assert_int_equal(found.exceptions, 4711);
}

static void test_sectors(void **state)
{
	static const struct { uint64_t n, sectors; } cases[] = {
		{ 0, 1 }, { 1, 2 }, { 16, 2 }, { 17, 3 }, { 32, 3 }, { 33, 4 },
		{ UINT64_C(1) << 55, (UINT64_C(1) << 51) + 1 },
		{ (UINT64_C(1) << 55) + 1, 0 }, { UINT64_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(cow_kept_sectors(cases[i].n), cases[i].sectors);
}

/* Every second of 80 chunks; the same images as of the golden store two-areas. */
static void test_golden(void **state)
{
	struct memory old_image = memory_new(40960), new_image = memory_new(40960), store, kept;
	struct cow_mark mark = { "0123456789abcdef", "system", 40 };
	struct cow_stats stats;

	(void)state;
	for (size_t at = 0; at < 40960; at++) {
		old_image.data[at] = (uint8_t)(0x40 + at / 512);
		new_image.data[at] = (uint8_t)((at / 512 % 2 ? 0x40 : 0x80) + at / 512);
	}
	store = store_of(&old_image, &new_image, 1, &stats);
	kept = kept_of(&store, &mark, 1);
	assert_golden(&kept, "tests/golden/store/kept.hex");
	free(old_image.data);
	free(new_image.data);
	free(store.data);
	free(kept.data);
}

struct pair {
	uint64_t old_chunk, new_chunk;
};

static int remember(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct pair *pairs = ctx;

	assert_true(index < 300);
	pairs[index] = (struct pair){ old_chunk, new_chunk };
	return 0;
}

static void check_same_list(struct update *u)
{
	struct cow_source store = memory_source(&u->store), kept = memory_source(&u->kept);
	struct cow_list lists[] = {
		{ &store, false, u->chunk_sectors, UINT64_MAX },
		{ &kept, true, u->chunk_sectors, u->stats.exceptions },
	};
	struct cow_expect expect = { u->old_image.len_bytes, u->chunk_sectors, &u->mark, true };
	struct pair pairs[2][300] = { 0 };
	struct cow_scratch scratch = scratch_of(4096);
	struct cow_found of_store, of_kept;

	assert_int_equal(cow_check(&store, &expect, &scratch, &of_store), 0);
	assert_int_equal(check(u, &u->kept, &u->mark, &of_kept), 0);
	assert_int_equal(of_store.exceptions, u->stats.exceptions);
	assert_int_equal(of_kept.exceptions, of_store.exceptions);
	assert_int_equal(of_kept.runs, of_store.runs);
	assert_int_equal(of_kept.ascending, of_store.ascending);
	assert_int_equal(of_kept.chunk_sectors, of_store.chunk_sectors);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(cow_list_walk(&lists[i], &scratch, remember, pairs[i]), 0);
	assert_memory_equal(pairs[0], pairs[1], sizeof(pairs[0]));
}

/* Around full sectors of the list and full areas of the store, in order and shuffled. */
static void test_same_list(void **state)
{
	uint64_t random = 12;

	(void)state;
	for (size_t chunks = 1; chunks < 200; chunks += chunks % 32 == 1 ? 1 : 7)
		for (int shuffled = 0; shuffled < 2; shuffled++) {
			struct update u = update_new(chunks * 512, 1, 1, shuffled, &random);

			assert_int_equal(u.stats.exceptions, chunks);
			check_same_list(&u);
			update_free(&u);
			u = update_new(chunks * 1024 - 512, 2, 2, shuffled, &random);
			check_same_list(&u);
			update_free(&u);
		}
}

static struct update forty(void)
{
	uint64_t random = 5;
	struct update u = update_new(40 * 512, 1, 1, false, &random);

	assert_int_equal(u.stats.exceptions, 40);
	return u;
}

/* Of a sparse list, where most other numbers would be as good as those that are there. */
static void test_every_bit_counts(void **state)
{
	uint64_t random = 5;
	struct update u = update_new(1000 * 512, 1, 20, false, &random);
	struct cow_found found;

	(void)state;
	for (size_t at = 0; at < u.kept.len_bytes; at++) {
		u.kept.data[at] ^= (uint8_t)(1u << at % 8);
		assert_int_equal(check(&u, &u.kept, &u.mark, &found), -EBADMSG);
		u.kept.data[at] ^= (uint8_t)(1u << at % 8);
	}
	assert_int_equal(check(&u, &u.kept, &u.mark, &found), 0);
	update_free(&u);
}

static void test_whose(void **state)
{
	struct update u = forty();
	struct memory kept;
	struct cow_mark mark = u.mark;
	struct cow_found found;

	(void)state;
	mark.update_id[15] ^= 1;
	kept = kept_of(&u.store, &mark, 1);
	assert_bad(&u, &kept, -ESTALE, "it belongs to another update");
	free(kept.data);
	mark = u.mark;
	strcpy(mark.volume, "vendor");
	kept = kept_of(&u.store, &mark, 1);
	assert_bad(&u, &kept, -ESTALE, "it is the list of volume vendor");
	free(kept.data);
	mark = u.mark;
	mark.exceptions = 39;
	assert_int_equal(check(&u, &u.kept, &mark, &found), -EBADMSG);
	assert_string_equal(fail_text(), "it holds 40 exceptions, not 39");
	u.chunk_sectors = 2;
	assert_bad(&u, &u.kept, -EBADMSG, "its chunk size is 1 sectors, not 2");
	u.chunk_sectors = 3;
	assert_bad(&u, &u.kept, -EINVAL, "chunk size of 3 sectors is impossible");
	update_free(&u);
}

static void test_length(void **state)
{
	struct update u = forty();

	(void)state;
	u.kept.len_bytes -= 1;
	assert_bad(&u, &u.kept, -EBADMSG, "it is too short for 40 exceptions");
	u.kept.len_bytes = 0;
	assert_bad(&u, &u.kept, -EBADMSG, "it is too short for 40 exceptions");
	u.kept.len_bytes = 4 * 512;
	memset(u.kept.data, 0, 512);
	assert_bad(&u, &u.kept, -ENODATA, "its head is all zeros");
	u.mark.exceptions = UINT64_MAX;
	assert_bad(&u, &u.kept, -EBADMSG, "it is too short for 18446744073709551615 exceptions");
	update_free(&u);
}

/* Entries that no program wrote, below checksums that are right. */
static void test_every_exception(void **state)
{
	static const struct { uint64_t index, old_chunk, new_chunk; const char *reason; } cases[] = {
		{ 0, 40, 2, "exception 0: old chunk 40 lies outside the origin" },
		{ 39, UINT64_MAX, 42, "exception 39: old chunk 18446744073709551615 "
				      "lies outside the origin" },
		{ 39, 39, 43, "exception 39: new chunk 43 lies outside the store" },
		{ 33, 33, 34, "exception 33: new chunk 34 is metadata" },
		{ 7, 7, 0, "exception 7: new chunk 0 is the header" },
		{ 39, 0, 42, "exception 39: old chunk 0 is there twice" },
		{ 39, 39, 2, "exception 39: new chunk 2 is there twice" },
	};
	struct update u = forty();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memory kept = memory_copy(&u.kept);
		uint8_t *entry = kept.data + 512 + cases[i].index * 32;
		struct cow_kept head;

		put_le64(entry, cases[i].old_chunk);
		put_le64(entry + 8, cases[i].new_chunk);
		assert_int_equal(cow_kept_decode(kept.data, &head), 0);
		head.list_crc = crc32c(0, kept.data + 512, kept.len_bytes - 512);
		cow_kept_encode(&head, kept.data);
		assert_bad(&u, &kept, -EBADMSG, cases[i].reason);
		free(kept.data);
	}
	update_free(&u);
}

static void test_padding(void **state)
{
	struct update u = forty();
	struct cow_kept head;

	(void)state;
	u.kept.data[512 + 40 * 32] = 1;
	assert_int_equal(cow_kept_decode(u.kept.data, &head), 0);
	head.list_crc = crc32c(0, u.kept.data + 512, u.kept.len_bytes - 512);
	cow_kept_encode(&head, u.kept.data);
	assert_bad(&u, &u.kept, -EBADMSG, "its list does not end with zeros");
	update_free(&u);
}

static void test_write_refuses(void **state)
{
	struct update u = forty();
	struct cow_source source = memory_source(&u.store);
	struct cow_scratch scratch = scratch_of(4096);
	struct memory out = { 0 };
	struct cow_sink sink = memory_sink(&out);
	uint8_t head[COW_KEPT_HEAD_BYTES];

	(void)state;
	u.mark.exceptions = 41;
	assert_int_equal(cow_kept_write(&source, &u.mark, 1, &scratch, &sink, head), -EBADMSG);
	assert_string_equal(fail_text(), "it holds 40 exceptions, not 41");
	u.mark.exceptions = 40;
	free(out.data);
	for (size_t limit = 1; limit < u.kept.len_bytes - 512; limit += 512) {
		out = (struct memory){ .fail_after = limit };
		assert_int_equal(cow_kept_write(&source, &u.mark, 1, &scratch, &sink, head), -EIO);
		free(out.data);
	}
	update_free(&u);
}

/* Each entry has the checksum of its chunk as it lies in the store, also of one that is read in pieces. */
static void test_checksums(void **state)
{
	uint64_t random = 9;

	(void)state;
	for (uint32_t chunk_sectors = 1; chunk_sectors <= 64; chunk_sectors *= 4) {
		struct update u = update_new(40 * chunk_sectors * 512 - 5, chunk_sectors, 2, true, &random);

		for (uint64_t i = 0; i < u.stats.exceptions; i++) {
			const uint8_t *entry = u.kept.data + 512 + i * 32;

			assert_int_equal(get_le32(entry + 16),
					 crc32c(0, u.store.data + get_le64(entry + 8) * u.chunk_bytes,
						u.chunk_bytes));
		}
		update_free(&u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sectors),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_same_list),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_every_exception),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_write_refuses),
		cmocka_unit_test(test_checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
