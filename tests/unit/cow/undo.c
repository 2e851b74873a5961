/* SPDX-License-Identifier: MIT */
/*
 * An undo store turns the new image back into the old one, for lists in any order; and it is, byte for
 * byte, the store that cow_write makes of the two images the other way round.
 */
#include "merge.h"

#include "cow/undo.h"

static const struct cow_mark undo_mark = { "an undo store's", "system", 0 };

static int undo(struct update *u, bool from_kept, const struct cow_mark *mark, size_t buf_bytes,
		struct memory *out, struct cow_stats *ret_stats)
{
	struct cow_source origin = memory_source(&u->old_image);
	struct cow_source source = memory_source(from_kept ? &u->kept : &u->store);
	struct cow_list list = { &source, from_kept, u->chunk_sectors, u->stats.exceptions };
	struct cow_scratch scratch = scratch_of(buf_bytes);
	struct cow_sink sink = memory_sink(out);

	return cow_undo(&list, &origin, mark, &scratch, &sink, ret_stats);
}

static void check_undo(struct update *u, bool from_kept, size_t buf_bytes)
{
	struct cow_mark mark = undo_mark;
	struct memory made = { 0 }, want, back;
	struct cow_stats stats, want_stats;

	mark.exceptions = u->stats.exceptions;
	want = store_of(&u->new_image, &u->old_image, u->chunk_sectors, &want_stats);
	cow_mark_encode(&mark, want.data + COW_MARK_OFFSET);
	assert_int_equal(undo(u, from_kept, &mark, buf_bytes, &made, &stats), 0);
	assert_same(&made, &want);
	assert_int_equal(made.len_bytes, cow_store_bytes(u->chunk_sectors, u->stats.exceptions));
	assert_int_equal(stats.exceptions, want_stats.exceptions);
	assert_int_equal(stats.runs, want_stats.runs);
	assert_int_equal(stats.store_bytes, want_stats.store_bytes);
	back = applied(&u->new_image, &made);
	assert_same(&back, &u->old_image);
	free(made.data);
	free(want.data);
	free(back.data);
}

static void test_back_again(void **state)
{
	static const size_t bufs[] = { 4096, 4100, 5000, 65536 };
	uint64_t random = 20191015;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		uint32_t chunk_sectors = 1u << random_next(&random) % 6;
		size_t image_bytes = (1 + random_next(&random) % 300) * 512 -
				     (round % 3 ? 0 : random_next(&random) % 511);
		struct update u = update_new(image_bytes, chunk_sectors,
					     1 + (unsigned)(random_next(&random) % 4),
					     round % 2, &random);

		check_undo(&u, round % 4 < 2, bufs[random_next(&random) % ARRAY_SIZE(bufs)]);
		update_free(&u);
	}
}

/* The store with its kept list, as the disk has them, and what is changed in one of the three. */
static int compare(struct update *u, const struct memory *store, int change, size_t at)
{
	struct memory made = memory_copy(store), origin = memory_copy(&u->old_image), kept = { 0 };
	struct cow_source store_source = memory_source(&made), origin_source, kept_source;
	struct cow_mark mark = undo_mark;
	struct cow_scratch scratch = scratch_of(4096);
	struct cow_sink sink = memory_sink(&kept);
	uint8_t head[COW_KEPT_HEAD_BYTES];
	struct memory whole = { 0 };
	struct cow_sink whole_sink = memory_sink(&whole);
	int rc;

	mark.exceptions = u->stats.exceptions;
	assert_int_equal(cow_kept_write(&store_source, &mark, u->chunk_sectors, &scratch, &sink, head), 0);
	assert_int_equal(whole_sink.write(whole_sink.ctx, head, sizeof(head)), 0);
	assert_int_equal(whole_sink.write(whole_sink.ctx, kept.data, kept.len_bytes), 0);
	if (change == 1)
		made.data[at] ^= 1;
	if (change == 2)
		origin.data[at] ^= 1;
	origin_source = memory_source(&origin);
	kept_source = memory_source(&whole);
	rc = cow_undo_compare(&store_source, &kept_source, &origin_source, u->chunk_sectors,
			      u->stats.exceptions, &scratch);
	free(made.data);
	free(origin.data);
	free(kept.data);
	free(whole.data);
	return rc;
}

static void test_compared_with_the_origin(void **state)
{
	uint64_t random = 3;
	struct update u = update_new(40 * 512 + 77, 4, 2, true, &random);
	struct cow_mark mark = undo_mark;
	struct memory made = { 0 };
	struct cow_stats stats;
	const size_t data_at = (size_t)cow_data_chunk(4, 0) * 4 * 512;
	uint64_t first;

	(void)state;
	mark.exceptions = u.stats.exceptions;
	assert_int_equal(undo(&u, false, &mark, 4096, &made, &stats), 0);
	first = get_le64(made.data + 4 * 512) * 4 * 512;
	assert_int_equal(compare(&u, &made, 0, 0), 0);
	assert_int_equal(compare(&u, &made, 1, data_at), -EBADMSG);
	assert_int_equal(compare(&u, &made, 1, data_at + 4 * 512 - 1), -EBADMSG);
	assert_int_equal(compare(&u, &made, 2, (size_t)first), -EBADMSG);
	free(made.data);
	update_free(&u);
}

/* Around full areas, where one that is empty follows. */
static void test_area_ends(void **state)
{
	uint64_t random = 9;

	(void)state;
	for (size_t n = 0; n <= 3 * 32 + 1; n++)
		for (int shuffled = 0; shuffled < 2; shuffled++) {
			struct update u = update_new((n ? n : 1) * 512, 1, n ? 1 : 1u << 31,
						     shuffled, &random);

			assert_int_equal(u.stats.exceptions, n);
			check_undo(&u, false, 4096);
			update_free(&u);
		}
}

/* Ten times there and back: each undo store is the update of the way back. */
static void test_there_and_back(void **state)
{
	uint64_t random = 10;
	struct update u = update_new(90 * 512 + 100, 2, 2, true, &random);
	struct memory now = memory_copy(&u.old_image), store = memory_copy(&u.store);

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct cow_source origin = memory_source(&now), source = memory_source(&store);
		struct cow_list list = { &source, false, 2, UINT64_MAX };
		struct cow_scratch scratch = scratch_of(4096);
		struct memory made = { 0 }, next;
		struct cow_sink sink = memory_sink(&made);
		struct cow_stats stats;

		list.exceptions = u.stats.exceptions;
		assert_int_equal(cow_undo(&list, &origin, NULL, &scratch, &sink, &stats), 0);
		next = applied(&now, &store);
		assert_same(&next, i % 2 ? &u.old_image : &u.new_image);
		free(now.data);
		free(store.data);
		now = next;
		store = made;
	}
	free(now.data);
	free(store.data);
	update_free(&u);
}

static void assert_refused(struct update *u, int rc, const char *reason)
{
	struct memory made = { 0 };
	struct cow_stats stats = { .runs = 4711 };

	assert_int_equal(undo(u, false, NULL, 4096, &made, &stats), rc);
	assert_string_equal(fail_text(), reason);
	assert_int_equal(made.len_bytes, 0);
	assert_int_equal(stats.runs, 4711);
}

static void test_refused(void **state)
{
	uint64_t random = 11;
	struct update u = update_new(40 * 512, 1, 1, false, &random);
	struct cow_source origin = memory_source(&u.old_image), source = memory_source(&u.store);
	struct cow_list list = { &source, false, 1, 40 };
	struct cow_scratch scratch = scratch_of(4096);
	struct memory made = { 0 };
	struct cow_sink sink = memory_sink(&made);
	struct cow_stats stats;

	(void)state;
	put_le64(entry_of(&u.store, 1, 33), 40);
	assert_refused(&u, -EBADMSG, "exception 33: old chunk 40 lies outside the origin");
	put_le64(entry_of(&u.store, 1, 33), 7);
	assert_refused(&u, -EBADMSG, "exception 33: old chunk 7 is there twice");
	put_le64(entry_of(&u.store, 1, 33) + 8, 0);
	assert_refused(&u, -EBADMSG, "it holds 33 exceptions, not 40");
	scratch.bits_bytes = 4;
	assert_int_equal(cow_undo(&list, &origin, NULL, &scratch, &sink, &stats), -ENOBUFS);
	assert_string_equal(fail_text(), "no room for a bit of each of 40 chunks");
	scratch.bits = NULL;
	assert_int_equal(cow_undo(&list, &origin, NULL, &scratch, &sink, &stats), -ENOBUFS);
	update_free(&u);
}

static void test_errors(void **state)
{
	uint64_t random = 11;
	struct update u = update_new(70 * 1024, 2, 1, false, &random);
	struct cow_stats stats;

	(void)state;
	for (size_t limit = 1; limit < u.store.len_bytes; limit += 1024) {
		struct memory made = { .fail_after = limit };

		assert_int_equal(undo(&u, false, NULL, 4096, &made, &stats), -EIO);
		free(made.data);
	}
	update_free(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compared_with_the_origin),
		cmocka_unit_test(test_back_again),
		cmocka_unit_test(test_area_ends),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
