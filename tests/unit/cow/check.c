/* SPDX-License-Identifier: MIT */
/* I5: every way a store can be wrong, each named; and what must pass, as a kernel may leave it. */
#include "memory.h"

#include "base/bytes.h"

#define CHUNKS 100u	/* of the origin, 512 bytes each */

struct fixture {
	struct memory store;
	struct cow_mark mark;
	struct cow_stats stats;
	uint8_t buf[4096], bits[64];
};

/* 40 exceptions (two areas of 32): old chunks 0, 2, 4, … and the mark. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct memory old_image = memory_new(CHUNKS * 512), new_image = memory_new(CHUNKS * 512);

	assert_non_null(f);
	for (size_t i = 0; i < 40; i++)
		new_image.data[2 * i * 512] = 1;
	f->store = store_of(&old_image, &new_image, 1, &f->stats);
	f->mark = (struct cow_mark){ .update_id = "0123456789abcde", .volume = "system",
				     .exceptions = 40 };
	cow_mark_encode(&f->mark, f->store.data + COW_MARK_OFFSET);
	free(old_image.data);
	free(new_image.data);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->store.data);
	free(f);
	return 0;
}

/* Entry i of the list, whichever area it stands in. */
static uint8_t *entry(struct fixture *f, uint64_t i)
{
	return f->store.data + cow_area_chunk(1, i / 32) * 512 + i % 32 * 16;
}

static int check(struct fixture *f, const struct cow_expect *expect, bool with_bits,
		 struct cow_found *ret_found)
{
	struct cow_source source = memory_source(&f->store);
	struct cow_scratch scratch = {
		.buf = f->buf, .buf_bytes = sizeof(f->buf),
		.bits = with_bits ? f->bits : NULL, .bits_bytes = sizeof(f->bits),
	};

	memset(f->bits, 0xff, sizeof(f->bits));	/* what is in them must not matter */
	return cow_check(&source, expect, &scratch, ret_found);
}

static struct cow_expect expect_of(const struct fixture *f)
{
	return (struct cow_expect){ CHUNKS * 512, 1, &f->mark, true };
}

static void assert_bad(struct fixture *f, int rc, const char *reason)
{
	struct cow_expect expect = expect_of(f);
	struct cow_found found = { .exceptions = 4711 };

	for (int with_bits = 0; with_bits < 2; with_bits++) {
		assert_int_equal(check(f, &expect, with_bits, &found), rc);
		assert_string_equal(fail_text(), reason);
		assert_int_equal(found.exceptions, 4711);
	}
}

static void test_good(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	for (int with_bits = 0; with_bits < 2; with_bits++) {
		assert_int_equal(check(f, &expect, with_bits, &found), 0);
		assert_int_equal(found.exceptions, 40);
		assert_int_equal(found.runs, 40);
		assert_int_equal(found.chunk_sectors, 1);
		assert_true(found.ascending);
	}
	/* Any chunk size, and any mark or none. */
	expect = (struct cow_expect){ .origin_bytes = CHUNKS * 512 };
	memset(f->store.data + COW_MARK_OFFSET, 0xee, COW_MARK_BYTES);
	assert_int_equal(check(f, &expect, false, &found), 0);
	assert_int_equal(found.exceptions, 40);
}

static void test_header(void **state)
{
	static const struct { unsigned at; uint32_t value; const char *reason; } cases[] = {
		{ 0, 0, "it is no store: magic is 0x00000000" },
		{ 0, 0x70416e52, "it is no store: magic is 0x70416e52" },
		{ 4, 0, "the kernel marked it invalid (valid is 0)" },
		{ 4, 3, "its valid word is 3, not 1" },
		{ 8, 0, "its format version is 0, not 1" },
		{ 8, 2, "its format version is 2, not 1" },
		{ 12, 0, "its chunk size of 0 sectors is impossible" },
		{ 12, 3, "its chunk size of 3 sectors is impossible" },
		{ 12, 0x400000, "its chunk size of 4194304 sectors is impossible" },
		{ 12, 2, "its chunk size is 2 sectors, not 1" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t was = get_le32(f->store.data + cases[i].at);

		put_le32(f->store.data + cases[i].at, cases[i].value);
		assert_bad(f, -EBADMSG, cases[i].reason);
		put_le32(f->store.data + cases[i].at, was);
	}
}

static void test_zeros(void **state)
{
	struct fixture *f = *state;

	memset(f->store.data, 0, COW_HEADER_BYTES);
	assert_bad(f, -EBADMSG, "it is no store: magic is 0x00000000");
	memset(f->store.data, 0, 512);
	assert_bad(f, -ENODATA, "its header is all zeros");
}

static void test_mark(void **state)
{
	struct fixture *f = *state;
	struct cow_mark mark = f->mark;
	uint8_t *at = f->store.data + COW_MARK_OFFSET;

	at[30] ^= 1;
	assert_bad(f, -EBADMSG, "its mark is damaged");
	memset(at, 0, COW_MARK_BYTES);
	assert_bad(f, -ESTALE, "it carries no update's mark");
	mark.update_id[15] ^= 1;
	cow_mark_encode(&mark, at);
	assert_bad(f, -ESTALE, "it belongs to another update");
	mark = f->mark;
	strcpy(mark.volume, "vendor");
	cow_mark_encode(&mark, at);
	assert_bad(f, -ESTALE, "it is the store of volume vendor");
	mark = f->mark;
	mark.exceptions = 41;
	cow_mark_encode(&mark, at);
	assert_bad(f, -EBADMSG, "it was installed with 41 exceptions, not 40");
}

static void test_length(void **state)
{
	struct fixture *f = *state;

	f->store.len_bytes -= 1;
	assert_bad(f, -EBADMSG, "it is 22015 bytes long, its 40 exceptions need 22016");
	f->store.len_bytes = 95;
	assert_bad(f, -EBADMSG, "it is too short to be a store");
	f->store.len_bytes = 0;
	assert_bad(f, -EBADMSG, "it is too short to be a store");
}

static void test_count(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	memset(entry(f, 39), 0, 16);
	assert_bad(f, -EBADMSG, "it holds 39 exceptions, 40 were installed");
	expect.exact_count = false;	/* a merge takes them away from the end */
	assert_int_equal(check(f, &expect, false, &found), 0);
	assert_int_equal(found.exceptions, 39);
	memset(entry(f, 0), 0, 16);
	assert_int_equal(check(f, &expect, false, &found), 0);
	assert_int_equal(found.exceptions, 0);
	assert_int_equal(found.runs, 0);
}

/* More than were installed: room for it must be there, or it is the length that is wrong. */
static void test_count_more(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	f->mark.exceptions = 39;
	cow_mark_encode(&f->mark, f->store.data + COW_MARK_OFFSET);
	expect.exact_count = false;
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
	assert_string_equal(fail_text(), "it holds 40 exceptions, 39 were installed");
}

struct bad_entry {
	uint64_t index, old_chunk, new_chunk;
	const char *reason;	/* with bits */
};

/* Each with bits, as the board has them; without bits some say "does not ascend" instead. */
static void test_every_exception(void **state)
{
	static const struct bad_entry cases[] = {
		{ 0, 100, 2, "exception 0: old chunk 100 lies outside the origin" },
		{ 39, UINT64_MAX, 42, "exception 39: old chunk 18446744073709551615 "
				      "lies outside the origin" },
		{ 5, UINT64_C(1) << 56, 7, "exception 5: old chunk 72057594037927936 "
					   "lies outside the origin" },
		{ 7, 14, 43, "exception 7: new chunk 43 lies outside the store" },
		{ 7, 14, UINT64_C(1) << 56, "exception 7: new chunk 72057594037927936 "
					    "lies outside the store" },
		{ 39, 78, UINT64_MAX, "exception 39: new chunk 18446744073709551615 "
				      "lies outside the store" },
		{ 39, 78, (UINT64_C(1) << 55) + 2, "exception 39: new chunk 36028797018963970 "
						   "lies outside the store" },
		{ 0, 0, 1, "exception 0: new chunk 1 is metadata" },
		{ 33, 66, 34, "exception 33: new chunk 34 is metadata" },
		{ 1, 0, 3, "exception 1: old chunk 0 is there twice" },
		{ 39, 0, 42, "exception 39: old chunk 0 is there twice" },
		{ 39, 78, 2, "exception 39: new chunk 2 is there twice" },
		{ 31, 62, 32, "exception 31: new chunk 32 is there twice" },
	};
	struct fixture *f = *state;
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t was[16];

		memcpy(was, entry(f, cases[i].index), 16);
		put_le64(entry(f, cases[i].index), cases[i].old_chunk);
		put_le64(entry(f, cases[i].index) + 8, cases[i].new_chunk);
		assert_int_equal(check(f, &expect, true, &found), -EBADMSG);
		assert_string_equal(fail_text(), cases[i].reason);
		assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
		memcpy(entry(f, cases[i].index), was, 16);
	}
	assert_int_equal(check(f, &expect, true, &found), 0);
}

/* Without room to remember it in, a list that does not ascend is refused: it might hold doubles. */
static void test_no_bits(void **state)
{
	struct fixture *f = *state;
	struct cow_source source = memory_source(&f->store);
	struct cow_scratch scratch = { f->buf, sizeof(f->buf), f->bits, (CHUNKS + 43 + 7) / 8 - 1 };
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	put_le64(entry(f, 9), 99);
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
	assert_string_equal(fail_text(), "exception 10: old chunk 20 does not ascend");
	assert_int_equal(cow_check(&source, &expect, &scratch, &found), -EBADMSG);
	scratch.bits_bytes++;
	assert_int_equal(cow_check(&source, &expect, &scratch, &found), 0);
	assert_false(found.ascending);
	put_le64(entry(f, 9), 18);
	put_le64(entry(f, 9) + 8, 42);
	put_le64(entry(f, 39) + 8, 11);
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
	assert_string_equal(fail_text(), "exception 10: new chunk 12 does not ascend");
	assert_int_equal(check(f, &expect, true, &found), 0);
	assert_true(found.ascending);	/* on the old side, which is what it says */
}

/* As the kernel leaves them: written in descending or random order, holes between new chunks. */
static void test_kernel_like(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = { .origin_bytes = CHUNKS * 512 };
	struct cow_found found;

	for (uint64_t i = 0; i < 40; i++)
		put_le64(entry(f, i), 99 - i);
	assert_int_equal(check(f, &expect, true, &found), 0);
	assert_int_equal(found.exceptions, 40);
	assert_int_equal(found.runs, 40);
	assert_false(found.ascending);
	for (uint64_t i = 0; i < 40; i++)
		put_le64(entry(f, i), i);
	memset(entry(f, 20), 0, 16);	/* what follows the end of the list is not looked at */
	put_le64(entry(f, 4) + 8, 41);
	assert_int_equal(check(f, &expect, true, &found), 0);
	assert_int_equal(found.exceptions, 20);
	assert_int_equal(found.runs, 3);	/* 0-3, 4, 5-19 */
}

static void test_partial_last_origin_chunk(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	put_le32(f->store.data + 12, 1);
	expect.origin_bytes = 78 * 512 + 1;	/* old chunk 78 is the last, and partial */
	assert_int_equal(check(f, &expect, false, &found), 0);
	expect.origin_bytes = 78 * 512;
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
	assert_string_equal(fail_text(), "exception 39: old chunk 78 lies outside the origin");
	expect.origin_bytes = 0;
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
}

/* n a multiple of a full area, and the area that ends the list cut off: the kernel says EIO. */
static void test_last_area_missing(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = { .origin_bytes = CHUNKS * 512 };
	struct cow_found found;

	f->store.len_bytes = 34 * 512;		/* header, area 0, its 32 chunks */
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
	assert_string_equal(fail_text(), "metadata area 1 lies past the end of the store");
	f->store.len_bytes = 512;
	assert_int_equal(check(f, &expect, false, &found), -EBADMSG);
	assert_string_equal(fail_text(), "metadata area 0 lies past the end of the store");
}

static int broken_read(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct fixture *f = ctx;

	if (offset_bytes >= cow_area_chunk(1, 1) * 512)
		return fail(EIO, "cannot read it");
	return memory_read(&f->store, offset_bytes, buf, len_bytes);
}

static void test_read_error(void **state)
{
	struct fixture *f = *state;
	struct cow_source source = { broken_read, f, f->store.len_bytes };
	struct cow_scratch scratch = { .buf = f->buf, .buf_bytes = sizeof(f->buf) };
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	assert_int_equal(cow_check(&source, &expect, &scratch, &found), -EIO);
	assert_string_equal(fail_text(), "cannot read it");
	scratch.buf_bytes = 511;
	assert_int_equal(cow_check(&source, &expect, &scratch, &found), -EINVAL);
}

/* Every single bit of header, mark and used entries matters. */
static void test_every_bit(void **state)
{
	struct fixture *f = *state;
	struct cow_expect expect = expect_of(f);
	struct cow_found found;

	for (size_t bit = 0; bit < 8 * (COW_HEADER_BYTES + COW_MARK_BYTES); bit++) {
		f->store.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(check(f, &expect, true, &found), 0);
		f->store.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(check(f, &expect, true, &found), 0);
}

static int count_to(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	uint64_t *limit = ctx;

	assert_int_equal(old_chunk, 2 * index);
	assert_int_equal(new_chunk, cow_data_chunk(1, index));
	return index == *limit ? 7 : 0;
}

static void test_walk(void **state)
{
	struct fixture *f = *state;
	struct cow_source source = memory_source(&f->store);
	struct cow_scratch scratch = { .buf = f->buf, .buf_bytes = sizeof(f->buf) };
	uint64_t limit = 33;

	assert_int_equal(cow_walk(&source, 1, UINT64_MAX, &scratch, count_to, &limit), 7);
	assert_int_equal(cow_walk(&source, 1, 34, &scratch, count_to, &limit), 7);
	assert_int_equal(cow_walk(&source, 1, 33, &scratch, count_to, &limit), 0);
	limit = 40;
	assert_int_equal(cow_walk(&source, 1, UINT64_MAX, &scratch, count_to, &limit), 0);
}

/* A buffer far smaller than an area, and no divisor of it: pieces must join without a seam. */
static void test_small_buffer(void **state)
{
	struct memory old_image = memory_new(600 * 4096), new_image = memory_new(600 * 4096);
	struct cow_expect expect = { .origin_bytes = 600 * 4096 };
	struct cow_stats stats;
	struct memory store;
	uint8_t buf[1700];

	(void)state;
	memory_randomise(&new_image, 1);
	store = store_of(&old_image, &new_image, 8, &stats);
	for (size_t size = 512; size <= sizeof(buf); size += 99) {
		struct cow_source source = memory_source(&store);
		struct cow_scratch scratch = { .buf = buf, .buf_bytes = size };
		struct cow_found found;

		assert_int_equal(cow_check(&source, &expect, &scratch, &found), 0);
		assert_int_equal(found.exceptions, 600);
		assert_int_equal(found.runs, 3);
	}
	free(old_image.data);
	free(new_image.data);
	free(store.data);
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(test_good),
		with_fixture(test_header),
		with_fixture(test_zeros),
		with_fixture(test_mark),
		with_fixture(test_length),
		with_fixture(test_count),
		with_fixture(test_count_more),
		with_fixture(test_every_exception),
		with_fixture(test_no_bits),
		with_fixture(test_kernel_like),
		with_fixture(test_partial_last_origin_chunk),
		with_fixture(test_last_area_missing),
		with_fixture(test_read_error),
		with_fixture(test_every_bit),
		with_fixture(test_walk),
		cmocka_unit_test(test_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
