/* SPDX-License-Identifier: MIT */
/*
 * What more is known of the results: it goes with them, also where a program that does not know it has moved
 * them on; and it is never told of another result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "base/crc32c.h"
#include "base/fail.h"
#include "samples.h"

#define TAIL 4096

static struct record rec, back;
static uint8_t buf[RECORD_BYTES_MAX];
static size_t len_bytes;

static void read_back(void)
{
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	memset(&back, 0x5a, sizeof(back));
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_true(same_record(&rec, &back));
}

static void assert_more(const struct record_result *result, uint32_t spent, uint32_t total,
			uint64_t again)
{
	const struct record_more *more = record_more_of(&back, result);

	assert_non_null(more);
	assert_int_equal(more->tries_spent, spent);
	assert_int_equal(more->tries_total, total);
	assert_int_equal(more->chunks_again, again);
	for (unsigned i = 0; i < RECORD_LOG_ID_BYTES; i++)
		assert_int_equal(more->log_id[i], 0xa0 + i);
}

static void each_result_has_its_own(void **state)
{
	(void)state;
	sample_more(&rec);
	read_back();
	assert_int_equal(back.again.chunks, 7);
	assert_more(&back.last, 3, 3, 0);
	assert_more(&back.earlier[0], 2, 3, 5);
	assert_null(record_more_of(&back, &(struct record_result){ .result = RESULT_MERGED }));
	assert_null(record_more_of(&back, &(struct record_result){ .result = RESULT_NONE }));
	back.last.reason[0] ^= 1;
	assert_null(record_more_of(&back, &back.last));
}

/* The one that is of no result stays until the next result, and is then gone. */
static void what_is_of_no_result_goes_at_the_next(void **state)
{
	(void)state;
	sample_more(&rec);
	assert_int_equal(rec.more_count, 3);
	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1767225602);
	assert_int_equal(rec.more_count, 3);
	assert_int_equal(rec.again.chunks, 0);
	read_back();
	assert_more(&back.last, 0, 3, 7);
	assert_more(&back.earlier[0], 3, 3, 0);
	assert_more(&back.earlier[1], 2, 3, 5);
}

static void sixteen_are_kept(void **state)
{
	(void)state;
	sample_idle(&rec);
	rec.generation = RECORD_GENERATION_STEP;
	for (unsigned i = 0; i < 40; i++) {
		sample_update(&rec, PHASE_TRIAL);
		rec.tries_total = 100;
		rec.tries_left = 100 - i;
		record_end(&rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 1767225600 + i);
	}
	assert_int_equal(rec.more_count, RECORD_MORE_MAX);
	read_back();
	assert_more(&back.last, 39, 100, 0);
	for (unsigned i = 0; i < RECORD_EARLIER_MAX; i++)
		assert_more(&back.earlier[i], 38 - i, 100, 0);
}

/* An image that was put onto a volume is no update, and has no tries. */
static void what_had_no_tries_has_nothing_more(void **state)
{
	(void)state;
	sample_idle(&rec);
	rec.generation = RECORD_GENERATION_STEP;
	record_end(&rec, RESULT_RESTORED, REASON_IMAGE_PUT, "", 1767225600);
	assert_int_equal(rec.more_count, 0);
	read_back();
	assert_null(record_more_of(&back, &back.last));
}

/* A count of another update says nothing of this one. */
static void chunks_of_another_update_are_not_counted(void **state)
{
	(void)state;
	sample_more(&rec);
	rec.update_id[0] ^= 1;
	read_back();
	record_written_again(&rec, 0);
	assert_int_equal(rec.again.chunks, 7);
	record_written_again(&rec, 2);
	assert_int_equal(rec.again.chunks, 2);
	rec.update_id[0] ^= 2;
	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1);
	assert_int_equal(record_more_of(&rec, &rec.last)->chunks_again, 0);
}

/* The last section that there is: its length, and what is reserved in it. */
static void a_section_that_cannot_be_so(void **state)
{
	static const size_t reserved[] = { 24, 32 + 12, 64 + 12 };
	size_t at = TAIL + 64;

	(void)state;
	sample_more(&rec);
	read_back();
	while (get_le32(buf + at) != 7)
		at += 8 + get_le32(buf + at + 4);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		buf[at + 8 + reserved[i]] = 1;
		put_le32(buf + TAIL + 16, 0);
		put_le32(buf + TAIL + 16, crc32c(0, buf + TAIL, get_le32(buf + TAIL + 12)));
		assert_int_equal(record_decode(buf, len_bytes, &back), -EBADMSG);
		buf[at + 8 + reserved[i]] = 0;
	}
	put_le32(buf + at + 4, 24);
	put_le32(buf + TAIL + 16, 0);
	put_le32(buf + TAIL + 16, crc32c(0, buf + TAIL, get_le32(buf + TAIL + 12)));
	assert_int_equal(record_decode(buf, len_bytes, &back), -EBADMSG);
	rec.more_count = RECORD_MORE_MAX + 1;
	assert_int_equal(record_encode(&rec, buf, &len_bytes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_has_its_own),
		cmocka_unit_test(what_is_of_no_result_goes_at_the_next),
		cmocka_unit_test(sixteen_are_kept),
		cmocka_unit_test(what_had_no_tries_has_nothing_more),
		cmocka_unit_test(chunks_of_another_update_are_not_counted),
		cmocka_unit_test(a_section_that_cannot_be_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
