/* SPDX-License-Identifier: MIT */
/*
 * The floor: it rises with what is confirmed and with nothing else, and never falls; also where a program
 * that knows no releases has installed or confirmed something meanwhile.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "base/crc32c.h"
#include "base/fail.h"
#include "base/release.h"
#include "samples.h"

#define RELEASE(epoch, number) (UINT64_C(epoch) << 32 | (number))
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

static void there_and_back(void **state)
{
	(void)state;
	sample_released(&rec);
	read_back();
	assert_int_equal(record_release_pending(&back), RELEASE(1, 42));
	assert_int_equal(back.releases.floor, RELEASE(1, 40));
	assert_int_equal(back.releases.newest, RELEASE(1, 42));
	assert_int_equal(back.releases.newest_day, 20787);
	assert_int_equal(back.releases.newest_s, 1767225600);
}

static void it_rises_with_what_is_confirmed(void **state)
{
	(void)state;
	sample_released(&rec);
	record_release_confirm(&rec);
	assert_int_equal(rec.releases.floor, RELEASE(1, 42));
	rec.phase = PHASE_MERGING;
	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1);
	assert_int_equal(rec.releases.floor, RELEASE(1, 42));
	assert_int_equal(record_release_pending(&rec), 0);
	read_back();
}

/* An older program has said `merging`, and this one ends it. */
static void it_rises_at_the_end_of_a_merge(void **state)
{
	(void)state;
	sample_released(&rec);
	rec.phase = PHASE_MERGING;
	record_end(&rec, RESULT_MERGED, REASON_STORES_MERGED, "", 1);
	assert_int_equal(rec.releases.floor, RELEASE(1, 42));
}

static void it_stays_for_what_is_given_up(void **state)
{
	static const enum result results[] = { RESULT_REVERTED, RESULT_CANCELLED, RESULT_RESTORED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		sample_released(&rec);
		record_end(&rec, results[i], REASON_TRIES_SPENT, "", 1);
		assert_int_equal(rec.releases.floor, RELEASE(1, 40));
		assert_int_equal(rec.releases.newest, RELEASE(1, 42));
		assert_int_equal(record_release_pending(&rec), 0);
		read_back();
	}
}

static void it_never_falls(void **state)
{
	(void)state;
	sample_released(&rec);
	record_release_note(&rec, RELEASE(0, 99), 20000, 2);
	record_release_confirm(&rec);
	assert_int_equal(rec.releases.floor, RELEASE(1, 40));
	assert_int_equal(rec.releases.newest, RELEASE(1, 42));
	assert_int_equal(rec.releases.newest_day, 20787);
	record_release_note(&rec, 0, 0, 0);
	record_release_confirm(&rec);
	assert_int_equal(rec.releases.floor, RELEASE(1, 40));
	read_back();
}

/* A program that does not know the section keeps it, with what was pending when it saw it first. */
static void of_another_update_it_says_nothing(void **state)
{
	(void)state;
	sample_released(&rec);
	rec.update_id[3] ^= 1;
	read_back();
	assert_int_equal(record_release_pending(&rec), 0);
	record_release_confirm(&rec);
	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1);
	assert_int_equal(rec.releases.floor, RELEASE(1, 40));
}

/* The way back is none of a stranger's: it brings no release, and leaves the floor. */
static void the_way_back_leaves_it(void **state)
{
	(void)state;
	sample_kept(&rec);
	rec.releases.floor = rec.releases.newest = RELEASE(1, 42);
	record_take_kept(&rec, "12.16");
	assert_int_equal(record_release_pending(&rec), 0);
	record_release_confirm(&rec);
	assert_int_equal(rec.releases.floor, RELEASE(1, 42));
	rec.phase = PHASE_MERGING;
	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1);
	assert_int_equal(rec.releases.floor, RELEASE(1, 42));
}

static void nothing_is_said_of_nothing(void **state)
{
	(void)state;
	sample_idle(&rec);
	record_release_note(&rec, 0, 20787, 5);
	assert_false(record_needs_tail(&rec));
}

static void sealed(int rc)
{
	put_le32(buf + TAIL + 16, 0);
	put_le32(buf + TAIL + 16, crc32c(0, buf + TAIL, get_le32(buf + TAIL + 12)));
	assert_int_equal(record_decode(buf, len_bytes, &back), rc);
}

static void a_section_that_cannot_be_so(void **state)
{
	size_t at = TAIL + 64;

	(void)state;
	sample_released(&rec);
	read_back();
	while (get_le32(buf + at) != 8)
		at += 8 + get_le32(buf + at + 4);
	assert_int_equal(get_le32(buf + at + 4), 64);
	sealed(0);
	buf[at + 8 + 44] = 1;
	sealed(-EBADMSG);
	buf[at + 8 + 44] = 0;
	buf[at + 8 + 63] = 1;
	sealed(-EBADMSG);
	buf[at + 8 + 63] = 0;
	put_le32(buf + at + 8 + 40, DAY_LAST + 1);
	sealed(-EBADMSG);
	put_le32(buf + at + 8 + 40, DAY_LAST);
	sealed(0);
	put_le32(buf + at + 4, 56);
	sealed(-EBADMSG);
	rec.releases.newest_day = DAY_LAST + 1;
	assert_int_equal(record_encode(&rec, buf, &len_bytes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(it_rises_with_what_is_confirmed),
		cmocka_unit_test(it_rises_at_the_end_of_a_merge),
		cmocka_unit_test(it_stays_for_what_is_given_up),
		cmocka_unit_test(it_never_falls),
		cmocka_unit_test(of_another_update_it_says_nothing),
		cmocka_unit_test(the_way_back_leaves_it),
		cmocka_unit_test(nothing_is_said_of_nothing),
		cmocka_unit_test(a_section_that_cannot_be_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
