/* SPDX-License-Identifier: MIT */
/* What lies on the volumes, and the way back (src/state/record_kept.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "samples.h"

static struct record rec, back;

static void what_is_merged_lies_there(void **state)
{
	const struct record_installed *is;
	struct place other;

	(void)state;
	sample_placed(&rec);
	rec.phase = PHASE_MERGING;
	memset(rec.volume[0].new_digest, 0x77, sizeof(rec.volume[0].new_digest));
	const struct record_volume merged = rec.volume[0];

	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1);
	is = record_lies(&rec, merged.name, &merged.origin);
	assert_non_null(is);
	assert_memory_equal(is->digest, merged.new_digest, sizeof(is->digest));
	assert_int_equal(is->image_bytes, merged.image_bytes);
	assert_string_equal(is->version, rec.last.version_to);
	/* Of another place, or another name, nothing is known. */
	sample_place(&other, 0x66);
	assert_null(record_lies(&rec, merged.name, &other));
	assert_null(record_lies(&rec, "nothing", &merged.origin));
	record_lies_not(&rec, merged.name);
	assert_null(record_lies(&rec, merged.name, &merged.origin));
	assert_true(record_ok(&rec));
}

static void what_is_given_up_lies_nowhere(void **state)
{
	(void)state;
	sample_placed(&rec);
	record_end(&rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 1);
	assert_int_equal(rec.installed_count, 0);
}

static void a_name_has_one_entry_and_the_list_an_end(void **state)
{
	struct record_installed is = { .image_bytes = 512 };

	(void)state;
	sample_idle(&rec);
	rec.generation = RECORD_GENERATION_STEP;
	for (unsigned i = 0; i < 3 * RECORD_VOLUMES_MAX; i++) {
		snprintf(is.name, sizeof(is.name), "v%u", i / 2);
		is.image_bytes++;
		record_lies_now(&rec, &is);
		assert_true(record_ok(&rec));
		assert_int_equal(record_lies(&rec, is.name, &is.place)->image_bytes, is.image_bytes);
	}
	assert_int_equal(rec.installed_count, RECORD_VOLUMES_MAX);
}

static void the_way_back_is_an_update_that_stays_kept(void **state)
{
	(void)state;
	sample_kept(&rec);
	rec.kept.slot = 'a';
	rec.kept.when_s = 1767225600;
	record_copy(&back, &rec);
	assert_false(record_is_way_back(&rec));
	record_take_kept(&rec, rec.last.version_to);
	assert_true(record_is_way_back(&rec));
	assert_int_equal(rec.phase, PHASE_STAGING);
	assert_int_equal(rec.slot, 'a');
	assert_string_equal(rec.version_from, "12.16");
	assert_string_equal(rec.version_to, "12.15");
	assert_memory_equal(rec.volume, back.kept.volume, sizeof(rec.volume));
	assert_int_equal(rec.extent_count, 2);
	assert_memory_equal(rec.extent, back.kept.extent, 2 * sizeof(rec.extent[0]));
	assert_int_equal(rec.store_part.start_sectors, back.kept.store_part.start_sectors);
	assert_int_equal(rec.store_dir_inode, 131073);
	rec.phase = PHASE_TRIAL;
	assert_true(record_ok(&rec));
	/* Given up, it is there as before. */
	record_end(&rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 1);
	assert_false(record_is_way_back(&rec));
	assert_int_equal(rec.kept.volume_count, 1);
	assert_string_equal(rec.kept.version, "12.15");
	record_drop_kept(&rec);
	assert_int_equal(rec.kept.volume_count, 0);
	assert_int_equal(record_ro_compat(&rec), 0);
	assert_true(record_ok(&rec));
}

static void what_is_kept_is_read_back(void **state)
{
	static uint8_t buf[RECORD_BYTES_MAX];
	size_t len_bytes;

	(void)state;
	sample_kept(&rec);
	rec.kept.slot = 'b';
	rec.kept.when_s = 0x1122334455;
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_false(back.read_only);
	assert_int_equal(back.kept.slot, 'b');
	assert_int_equal(back.kept.when_s, 0x1122334455);
	rec.kept.slot = 'c';
	assert_false(record_ok(&rec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_merged_lies_there),
		cmocka_unit_test(what_is_given_up_lies_nowhere),
		cmocka_unit_test(a_name_has_one_entry_and_the_list_an_end),
		cmocka_unit_test(the_way_back_is_an_update_that_stays_kept),
		cmocka_unit_test(what_is_kept_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
