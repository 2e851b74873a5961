/* SPDX-License-Identifier: MIT */
/* The store's numbers, against a model that follows the kernel's own way of allocating chunks. */
#include "memory.h"

#include "base/bytes.h"

/*
 * The kernel's allocator (persistent_prepare_exception, skip_metadata and
 * persistent_commit_exception): next_free starts at 2, is skipped over area positions, and a full
 * area opens the next one.
 */
static void kernel_fill(uint64_t area_entries, uint64_t n, uint64_t *ret_last_data,
			uint64_t *ret_chunks)
{
	uint64_t next_free = 2, last = 0, in_area = 0, area = 0;

	for (uint64_t i = 0; i < n; i++) {
		last = next_free++;
		if (next_free % (area_entries + 1) == 1)
			next_free++;
		if (++in_area == area_entries) {
			in_area = 0;
			area++;
		}
	}
	*ret_last_data = last;
	*ret_chunks = 1 + area * (area_entries + 1) + 1;
	if (*ret_chunks < last + 1)
		*ret_chunks = last + 1;
}

static void test_size_as_kernel(void **state)
{
	static const uint32_t chunks[] = { 1, 2, 8, 32 };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(chunks); c++) {
		uint64_t entries = cow_area_entries(chunks[c]);

		assert_int_equal(entries, chunks[c] * 512 / 16);
		for (uint64_t n = 0; n <= 3 * entries + 2; n++) {
			uint64_t last, total;

			kernel_fill(entries, n, &last, &total);
			assert_int_equal(cow_store_chunks(chunks[c], n), total);
			assert_int_equal(cow_store_bytes(chunks[c], n), total * chunks[c] * 512);
			if (n)
				assert_int_equal(cow_data_chunk(chunks[c], n - 1), last);
		}
	}
}

static void test_size_limits(void **state)
{
	(void)state;
	assert_int_equal(cow_store_bytes(1, 0), 1024);
	assert_int_equal(cow_store_chunks(1, UINT64_MAX), 0);
	assert_int_equal(cow_store_chunks(1, UINT64_MAX - 2), 0);
	assert_int_equal(cow_store_bytes(1, UINT64_MAX / 512), 0);
	assert_int_equal(cow_store_bytes(COW_CHUNK_SECTORS_MAX, UINT64_C(1) << 34), 0);
	/* n + n / 32 + 2 is 2^55 - 1 and 2^55 chunks of 512 bytes: the last that fits, one more. */
	assert_true(cow_store_bytes(1, UINT64_C(34937015291116573)) == UINT64_MAX - 511);
	assert_int_equal(cow_store_chunks(1, UINT64_C(34937015291116574)), 0);
}

static void test_chunk_ok(void **state)
{
	(void)state;
	for (uint64_t c = 0; c <= 70; c++)
		assert_int_equal(cow_chunk_ok(c), c == 1 || c == 2 || c == 4 || c == 8 ||
				 c == 16 || c == 32 || c == 64);
	assert_true(cow_chunk_ok(2097152));
	assert_false(cow_chunk_ok(4194304));
	assert_false(cow_chunk_ok(UINT64_C(1) << 32));
}

static void test_areas(void **state)
{
	(void)state;
	assert_int_equal(cow_area_chunk(8, 0), 1);
	assert_int_equal(cow_area_chunk(8, 1), 258);
	assert_int_equal(cow_area_chunk(1, 2), 67);
	assert_int_equal(cow_data_chunk(8, 255), 257);
	assert_int_equal(cow_data_chunk(8, 256), 259);
}

static void test_header(void **state)
{
	static const uint8_t bytes[COW_HEADER_BYTES] = {
		0x53, 0x6e, 0x41, 0x70, 1, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0,
	};
	const struct cow_header header = { COW_MAGIC, 1, COW_VERSION, 8 };
	uint8_t buf[COW_HEADER_BYTES];
	struct cow_header back;

	(void)state;
	cow_header_encode(&header, buf);
	assert_memory_equal(buf, bytes, sizeof(buf));
	cow_header_decode(bytes, &back);
	assert_memory_equal(&back, &header, sizeof(back));
}

static void test_mark(void **state)
{
	struct cow_mark mark = { .volume = "system", .exceptions = UINT64_C(0x0102030405060708) };
	struct cow_mark back;
	uint8_t buf[COW_MARK_BYTES], zeros[COW_MARK_BYTES] = { 0 };

	(void)state;
	for (uint8_t i = 0; i < COW_ID_BYTES; i++)
		mark.update_id[i] = (uint8_t)(0xf0 + i);
	cow_mark_encode(&mark, buf);
	assert_memory_equal(buf, "COWMARK1\xf0\xf1\xf2", 11);
	assert_memory_equal(buf + 24, "system\0\0", 8);
	assert_memory_equal(buf + 56, "\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0", 12);
	assert_int_equal(cow_mark_decode(buf, &back), 0);
	assert_memory_equal(&back, &mark, sizeof(mark));
	assert_int_equal(cow_mark_decode(zeros, &back), -ENODATA);
	for (size_t bit = 0; bit < 8 * sizeof(buf); bit++) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(cow_mark_decode(buf, &back), -EBADMSG);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* A right checksum does not make a name without end, or none, or one with something behind it. */
static void test_mark_names(void **state)
{
	struct cow_mark mark = { .volume = "" }, back;
	uint8_t buf[COW_MARK_BYTES];

	(void)state;
	cow_mark_encode(&mark, buf);
	assert_int_equal(cow_mark_decode(buf, &back), -EBADMSG);
	memset(mark.volume, 'x', sizeof(mark.volume));	/* encode cuts it to what fits */
	cow_mark_encode(&mark, buf);
	assert_int_equal(cow_mark_decode(buf, &back), 0);
	assert_int_equal(strlen(back.volume), COW_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_as_kernel),
		cmocka_unit_test(test_size_limits),
		cmocka_unit_test(test_chunk_ok),
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_mark_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
