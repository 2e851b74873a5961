/* SPDX-License-Identifier: MIT */
/*
 * I15 in memory: whatever of the merged chunks a disk has lost, it is there again afterwards; nothing else
 * is written; the second time nothing is.
 */
#include "merge.h"

#include "cow/mend.h"

struct disk {
	struct memory bytes;
	size_t writes, flushes;
	size_t fail_write;		/* the write of that number fails, counted from 1 */
	bool fail_flush;
	uint8_t *unreadable;		/* one per sector; NULL: none */
};

static int disk_read(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct disk *d = ctx;

	/* What a read that fails has left in the buffer may well be right; it must not count. */
	assert_int_equal(memory_read(&d->bytes, offset_bytes, buf, len_bytes), 0);
	for (size_t s = offset_bytes / 512; d->unreadable && s * 512 < offset_bytes + len_bytes; s++)
		if (d->unreadable[s])
			return fail(EIO, "cannot read sector %zu", s);
	return 0;
}

static int disk_write(void *ctx, uint64_t offset_bytes, const void *data, size_t len_bytes)
{
	struct disk *d = ctx;

	assert_true(offset_bytes + len_bytes <= d->bytes.len_bytes);
	if (++d->writes == d->fail_write)
		return fail(EIO, "cannot write");
	memcpy(d->bytes.data + offset_bytes, data, len_bytes);
	if (d->unreadable)
		memset(d->unreadable + offset_bytes / 512, 0, (len_bytes + 511) / 512);
	return 0;
}

static int disk_flush(void *ctx)
{
	struct disk *d = ctx;

	d->flushes++;
	return d->fail_flush ? fail(EIO, "cannot flush") : 0;
}

static int mend(struct update *u, struct disk *d, uint64_t left, size_t buf_bytes,
		struct cow_mended *ret_mended)
{
	struct cow_source store = memory_source(&u->store), kept = memory_source(&u->kept);
	struct cow_mend m = { &store, &kept, u->stats.exceptions, left, u->chunk_sectors };
	struct cow_target target = { disk_read, disk_write, disk_flush, d, d->bytes.len_bytes };
	struct cow_scratch scratch = scratch_of(buf_bytes);

	return cow_mend(&m, &target, &scratch, ret_mended);
}

/* Loses some of what was merged: a chunk, its beginning, or its end. How many chunks that hurts. */
static uint64_t lose(struct update *u, struct disk *d, uint64_t left, uint64_t *random)
{
	uint64_t lost = 0;

	for (uint64_t i = left; i < u->stats.exceptions; i++) {
		size_t at = get_le64(u->kept.data + 512 + i * 32) * u->chunk_bytes;
		size_t len = chunk_len(u, at / u->chunk_bytes), from = 0;

		if (random_next(random) % 3)
			continue;
		if (random_next(random) % 2)
			from = random_next(random) % len;
		if (random_next(random) % 2)
			len = from + 1 + random_next(random) % (len - from);
		memcpy(d->bytes.data + at + from, u->old_image.data + at + from, len - from);
		lost++;
	}
	return lost;
}

static void check_mended(struct update *u, uint64_t left, size_t buf_bytes, uint64_t *random)
{
	struct disk d = { .bytes = memory_copy(&u->old_image) };
	struct memory out;
	struct cow_mended mended;
	uint64_t lost;

	merge_to(u, &d.bytes, left);
	lost = lose(u, &d, left, random);
	assert_int_equal(mend(u, &d, left, buf_bytes, &mended), 0);
	assert_int_equal(mended.compared, u->stats.exceptions - left);
	assert_int_equal(mended.written, lost);
	assert_int_equal(mended.unreadable, 0);
	assert_int_equal(d.flushes, 1);
	/* What is not merged yet is as it was, and the merge goes on to the new image. */
	for (uint64_t i = 0; i < left; i++) {
		size_t at = get_le64(u->kept.data + 512 + i * 32) * u->chunk_bytes;

		assert_memory_equal(d.bytes.data + at, u->old_image.data + at,
				    chunk_len(u, at / u->chunk_bytes));
	}
	out = applied(&d.bytes, &u->store);
	assert_same(&out, &u->new_image);
	free(out.data);

	d.writes = 0;
	assert_int_equal(mend(u, &d, left, buf_bytes, &mended), 0);
	assert_int_equal(mended.written, 0);
	assert_int_equal(d.writes, 0);
	free(d.bytes.data);
}

static void test_lost_chunks(void **state)
{
	static const size_t bufs[] = { 1536, 2048, 4096, 65536, 256 * 1024 };
	uint64_t random = 20191015;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		uint32_t chunk_sectors = 1u << random_next(&random) % 5;
		size_t image_bytes = (1 + random_next(&random) % 300) * 512 -
				     (round % 3 ? 0 : random_next(&random) % 511);
		struct update u = update_new(image_bytes, chunk_sectors,
					     1 + (unsigned)(random_next(&random) % 4),
					     round % 2, &random);

		check_mended(&u, random_next(&random) % (u.stats.exceptions + 1),
			     bufs[random_next(&random) % ARRAY_SIZE(bufs)], &random);
		update_free(&u);
	}
}

/* Whole areas and none, and all of it or nothing merged. */
static void test_ends(void **state)
{
	uint64_t random = 3;

	(void)state;
	for (size_t chunks = 31; chunks <= 97; chunks += chunks % 32 == 1 ? 30 : 1)
		for (int all = 0; all < 2; all++) {
			struct update u = update_new(chunks * 512, 1, 1, false, &random);

			check_mended(&u, all ? 0 : chunks, 65536, &random);
			update_free(&u);
		}
}

/* A long run is read in pieces, not chunk by chunk. */
struct counted {
	struct memory *bytes;
	size_t reads;
};

static int counted_read(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct counted *c = ctx;

	c->reads++;
	return memory_read(c->bytes, offset_bytes, buf, len_bytes);
}

static void test_few_requests(void **state)
{
	uint64_t random = 3;
	struct update u = update_new(256 * 512, 1, 1, false, &random);
	struct disk d = { .bytes = memory_copy(&u.old_image) };
	struct cow_source kept = memory_source(&u.kept);
	struct counted counted = { &u.store, 0 };
	struct cow_source store = { counted_read, &counted, u.store.len_bytes };
	struct cow_mend m = { &store, &kept, 256, 0, 1 };
	struct cow_target target = { disk_read, disk_write, disk_flush, &d, d.bytes.len_bytes };
	struct cow_scratch scratch = scratch_of(3 * 65536);
	struct cow_mended mended;

	(void)state;
	merge_to(&u, &d.bytes, 0);
	assert_int_equal(cow_mend(&m, &target, &scratch, &mended), 0);
	assert_int_equal(mended.compared, 256);
	assert_int_equal(counted.reads, 9);	/* the list, and a run for each area of 32 */
	free(d.bytes.data);
	update_free(&u);
}

static void assert_refused(struct update *u, uint64_t left, const char *reason)
{
	struct disk d = { .bytes = memory_copy(&u->old_image) };
	struct cow_mended mended = { .compared = 4711 };

	assert_int_equal(mend(u, &d, left, 65536, &mended), -EBADMSG);
	assert_string_equal(fail_text(), reason);
	assert_int_equal(mended.compared, 4711);
	assert_int_equal(d.writes, 0);
	assert_int_equal(d.flushes, 0);
	assert_same(&d.bytes, &u->old_image);
	free(d.bytes.data);
}

/* Not the store that the list was kept of: nothing may be written. */
static void test_other_list(void **state)
{
	uint64_t random = 3;
	struct update u = update_new(100 * 512, 1, 1, false, &random);
	struct memory origin = memory_copy(&u.old_image);
	uint8_t *entry = entry_of(&u.store, 1, 35);

	(void)state;
	merge_to(&u, &origin, 50);
	assert_refused(&u, 51, "it holds 50 exceptions, not 51");
	assert_refused(&u, 101, "it holds 101 exceptions, 100 were kept");
	put_le64(entry, 34);
	assert_refused(&u, 50, "exception 35 is not the one that was kept");
	put_le64(entry, 35);
	put_le64(entry + 8, get_le64(entry + 8) + 1);
	assert_refused(&u, 50, "exception 35 is not the one that was kept");
	free(origin.data);
	update_free(&u);
}

/* The kept list was checked against a larger origin: it is not written past the end of this one. */
static void test_shorter_origin(void **state)
{
	uint64_t random = 3;
	struct update u = update_new(10 * 512, 1, 1, false, &random);
	struct disk d = { .bytes = memory_copy(&u.old_image) };
	struct cow_mended mended;

	(void)state;
	merge_to(&u, &d.bytes, 0);
	d.bytes.len_bytes = 9 * 512;
	assert_int_equal(mend(&u, &d, 0, 65536, &mended), -EBADMSG);
	assert_string_equal(fail_text(), "exception 9: old chunk 9 lies outside the origin");
	free(d.bytes.data);
	update_free(&u);
}

/* What cannot be read is written, and only that. */
static void test_unreadable(void **state)
{
	uint64_t random = 3;
	struct update u = update_new(64 * 1024, 2, 1, false, &random);
	struct disk d = { .bytes = memory_copy(&u.old_image), .unreadable = calloc(1, 128) };
	struct cow_mended mended;

	(void)state;
	assert_non_null(d.unreadable);
	merge_to(&u, &d.bytes, 0);
	d.unreadable[0] = d.unreadable[1] = d.unreadable[77] = d.unreadable[127] = 1;
	memset(d.bytes.data, 0, 1024);
	memset(d.bytes.data + 77 * 512, 0, 512);
	d.bytes.data[50 * 512] ^= 1;
	assert_int_equal(mend(&u, &d, 0, 65536, &mended), 0);
	assert_int_equal(mended.compared, 64);
	assert_int_equal(mended.written, 4);
	assert_int_equal(mended.unreadable, 3);
	assert_int_equal(d.writes, 4);
	assert_same(&d.bytes, &u.new_image);
	free(d.unreadable);
	free(d.bytes.data);
	update_free(&u);
}

static void test_errors(void **state)
{
	uint64_t random = 3;
	struct update u = update_new(64 * 512, 1, 2, false, &random);
	struct memory merged = memory_copy(&u.old_image);
	struct cow_mended mended = { .compared = 4711 };

	(void)state;
	merge_to(&u, &merged, 0);
	for (size_t n = 1; n <= u.stats.exceptions + 1; n++) {
		struct disk d = { .bytes = memory_copy(&u.old_image), .fail_write = n };

		assert_int_equal(mend(&u, &d, 0, 4096, &mended),
				 n <= u.stats.exceptions ? -EIO : 0);
		d.fail_write = 0;	/* the next boot */
		assert_int_equal(mend(&u, &d, 0, 4096, &mended), 0);
		assert_same(&d.bytes, &u.new_image);
		free(d.bytes.data);
	}
	mended.compared = 4711;
	{
		struct disk d = { .bytes = memory_copy(&merged), .fail_flush = true };

		assert_int_equal(mend(&u, &d, 0, 4096, &mended), -EIO);
		assert_string_equal(fail_text(), "cannot flush");
		assert_int_equal(mended.compared, 4711);
		assert_int_equal(d.writes, 0);
		assert_int_equal(mend(&u, &d, 0, 1535, &mended), -EINVAL);
		free(d.bytes.data);
	}
	free(merged.data);
	update_free(&u);
}

/*
 * What the store has lost itself, or cannot be read there, is not written over an origin that may have it;
 * all else is.  In chunks that fit into the buffers, and in larger ones.
 */
static void test_spoiled(void **state)
{
	static const size_t bufs[] = { 1536, 4096, 65536 };
	uint64_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct update u = update_new(100 * 1024, 1u << round % 4, 1 + round % 2, false, &random);
		struct disk d = { .bytes = memory_copy(&u.old_image) };
		uint64_t n = u.stats.exceptions, bad = random_next(&random) % n;
		uint64_t lost = (bad + 1 + random_next(&random) % (n - 1)) % n;
		uint8_t *entry = u.kept.data + 512;
		size_t lost_at = get_le64(entry + lost * 32) * u.chunk_bytes;
		struct cow_mended mended;

		merge_to(&u, &d.bytes, 0);
		memcpy(d.bytes.data + lost_at, u.old_image.data + lost_at,
		       chunk_len(&u, lost_at / u.chunk_bytes));
		u.store.data[get_le64(entry + bad * 32 + 8) * u.chunk_bytes +
			     random_next(&random) % u.chunk_bytes] ^= 4;
		assert_int_equal(mend(&u, &d, 0, bufs[round % ARRAY_SIZE(bufs)], &mended), 0);
		assert_int_equal(mended.compared, n);
		assert_int_equal(mended.spoiled, 1);
		assert_int_equal(mended.written, 1);
		assert_same(&d.bytes, &u.new_image);
		free(d.bytes.data);
		update_free(&u);
	}
	/* The end of the store cannot be read. */
	{
		struct update u = update_new(64 * 512, 1, 2, false, &random);
		struct disk d = { .bytes = memory_copy(&u.old_image) };
		struct cow_mended mended;

		merge_to(&u, &d.bytes, 0);
		u.store.len_bytes = 5 * 512;
		assert_int_equal(mend(&u, &d, 0, 4096, &mended), 0);
		assert_int_equal(mended.spoiled, u.stats.exceptions - 3);
		assert_int_equal(d.writes, 0);
		free(d.bytes.data);
		update_free(&u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_chunks),
		cmocka_unit_test(test_spoiled),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_few_requests),
		cmocka_unit_test(test_other_list),
		cmocka_unit_test(test_shorter_origin),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
