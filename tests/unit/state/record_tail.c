/* SPDX-License-Identifier: MIT */
/*
 * The record's tail: what version 2 has added, and what later versions will have.  The bytes against
 * tests/golden/record are in record.c; here is what an older program sees of them, what is kept that is
 * not known, and that no field may leave its bounds.
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

#define TAIL 4096		/* where the tail begins, behind a head of one block */
#define AT_COMPAT 32
#define AT_RO_COMPAT 36
#define AT_INCOMPAT 40

static struct record rec, back;
static uint8_t buf[RECORD_BYTES_MAX], again[RECORD_BYTES_MAX];
static size_t len_bytes;

static void make(void (*sample)(struct record *))
{
	sample(&rec);
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	assert_int_equal(record_length(buf), TAIL);
	assert_int_equal(record_tail_length(buf + TAIL), len_bytes - TAIL);
}

static void reseal(uint8_t *part)
{
	put_le32(part + 16, 0);
	put_le32(part + 16, crc32c(0, part, get_le32(part + 12)));
}

/* With the tail's CRC right again. */
static int decode_changed(size_t at, uint32_t value)
{
	put_le32(buf + TAIL + at, value);
	reseal(buf + TAIL);
	memset(&back, 0x5a, sizeof(back));
	return record_decode(buf, len_bytes, &back);
}

/* Where the content of that section begins; 0: it is not there. */
static size_t section_at(uint32_t kind)
{
	for (size_t at = TAIL + 64; at + 8 < len_bytes; at += 8 + get_le32(buf + at + 4))
		if (get_le32(buf + at) == kind || !get_le32(buf + at))
			return get_le32(buf + at) ? at + 8 : 0;
	return 0;
}

/* A head of version 1 and its CRC are all that version 1 looks at; the reserved bytes are zeros. */
static void version_1_sees_a_record_of_version_1(void **state)
{
	static struct record old;

	(void)state;
	make(sample_placed);
	assert_int_equal(get_le32(buf + 8), 1);
	sample_trial(&old);
	old.generation = rec.generation + 1;	/* one that has no tail */
	assert_int_equal(record_encode(&old, again, &len_bytes), 0);
	assert_int_equal(len_bytes, TAIL);
	/* But for the generation and the CRC. */
	assert_memory_equal(buf, again, 16);
	assert_memory_equal(buf + 20, again + 20, 4);
	assert_memory_equal(buf + 32, again + 32, TAIL - 32);
}

/* What version 1 has saved behind a tail is not told by it any more. */
static void a_tail_of_another_head_is_none(void **state)
{
	(void)state;
	make(sample_placed);
	put_le64(buf + 24, rec.generation + 1);
	reseal(buf);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_int_equal(back.earlier_count, 0);
	assert_int_equal(back.volume[0].origin.size_sectors, 0);
	assert_int_equal(back.store_part.start_sectors, rec.store_part.start_sectors);
	/* Counted on until there should be one again. */
	put_le64(buf + 24, rec.generation + RECORD_GENERATION_STEP);
	reseal(buf);
	assert_int_equal(record_decode(buf, len_bytes, &back), -ENODATA);
	assert_int_equal(back.earlier_count, 0);
	assert_int_equal(back.phase, PHASE_TRIAL);
}

static void a_tail_that_is_cut_or_damaged_is_lost(void **state)
{
	(void)state;
	make(sample_placed);
	for (size_t have = TAIL; have < len_bytes; have += 512)
		assert_int_equal(record_decode(buf, have, &back), -ENODATA);
	for (size_t bit = TAIL * 8; bit < len_bytes * 8; bit += 3) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(record_decode(buf, len_bytes, &back), -ENODATA);
		assert_int_equal(back.earlier_count, 0);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_memory_equal(&back, &rec, sizeof(rec));
	/* What version 1 must not see is not believed without it either. */
	make(sample_proving);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_int_equal(record_decode(buf, TAIL, &back), -EBADMSG);
}

static void a_compatible_feature_is_kept(void **state)
{
	size_t again_bytes;

	(void)state;
	make(sample_placed);
	assert_int_equal(decode_changed(AT_COMPAT, 0x80000001), 0);
	assert_false(back.read_only);
	assert_int_equal(record_encode(&back, again, &again_bytes), 0);
	assert_int_equal(again_bytes, len_bytes);
	assert_memory_equal(again, buf, len_bytes);
}

static void a_read_only_feature_can_be_read_only(void **state)
{
	size_t again_bytes = 77;

	(void)state;
	make(sample_placed);
	assert_int_equal(decode_changed(AT_RO_COMPAT, 0x80000000), 0);
	assert_true(back.read_only);
	assert_int_equal(back.phase, PHASE_TRIAL);
	assert_memory_equal(&back.volume[0].origin, &rec.volume[0].origin, sizeof(struct place));
	assert_int_equal(record_encode(&back, again, &again_bytes), -EROFS);
	assert_int_equal(again_bytes, 77);
}

static void an_incompatible_feature_is_foreign(void **state)
{
	(void)state;
	make(sample_placed);
	assert_int_equal(decode_changed(AT_INCOMPAT, 0x80000000), -ENOTSUP);
	assert_int_equal(((uint8_t *)&back)[0], 0x5a);
	/* Also when it has changed what the head is. */
	put_le32(buf + 8, 2);
	put_le32(buf + 356, 100);
	reseal(buf);
	put_le32(buf + TAIL + 20, get_le32(buf + 16));
	assert_int_equal(decode_changed(AT_INCOMPAT, 0x80000000), -ENOTSUP);
}

/* A later program's section, behind those that are known. Returns where it was put. */
static size_t add_section(uint32_t kind, uint32_t bytes)
{
	size_t at = TAIL + 64;

	while (get_le32(buf + at))
		at += 8 + get_le32(buf + at + 4);
	memset(buf + at, 0, sizeof(buf) - at);
	put_le32(buf + at, kind);
	put_le32(buf + at + 4, bytes);
	for (uint32_t i = 0; i < bytes; i++)
		buf[at + 8 + i] = (uint8_t)(i * 7);
	len_bytes = (at + 8 + bytes + 4095) / 4096 * 4096;
	put_le32(buf + TAIL + 12, (uint32_t)(len_bytes - TAIL));
	reseal(buf + TAIL);
	return at;
}

static void an_unknown_section_is_kept_byte_for_byte(void **state)
{
	size_t at, again_bytes;

	(void)state;
	make(sample_placed);
	add_section(9, 8);
	at = add_section(4711, 5000);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_false(back.read_only);
	assert_int_equal(record_encode(&back, again, &again_bytes), 0);
	assert_int_equal(again_bytes, len_bytes);
	assert_memory_equal(again, buf, len_bytes);
	/* It outlives the update, and moves when what is before it gets shorter. */
	record_end(&back, RESULT_REVERTED, REASON_TRIES_SPENT, "", 1);
	assert_int_equal(record_encode(&back, again, &again_bytes), 0);
	assert_int_equal(back.other_bytes, 2 * 8 + 8 + 5000);
	assert_memory_equal(back.other + 8 + 8, buf + at, 8 + 5000);
	assert_non_null(memmem(again, again_bytes, buf + at, 8 + 5000));
}

static void too_much_that_is_unknown_can_be_read_only(void **state)
{
	(void)state;
	make(sample_placed);
	add_section(9, RECORD_OTHER_BYTES_MAX - 8);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_false(back.read_only);
	make(sample_placed);
	add_section(9, RECORD_OTHER_BYTES_MAX);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_true(back.read_only);
	assert_int_equal(back.phase, PHASE_TRIAL);
}

static void sections_have_their_order_and_length(void **state)
{
	static const uint32_t wrong[] = { 0, 4, 60, 0xfffffff8, 0x10000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		make(sample_placed);
		assert_int_equal(decode_changed(section_at(3) - 4 - TAIL, wrong[i]), -EBADMSG);
	}
	make(sample_placed);
	assert_int_equal(decode_changed(section_at(3) - 8 - TAIL, 2), -EBADMSG);	/* twice */
	make(sample_placed);
	add_section(5000, 16);
	add_section(4999, 16);
	assert_int_equal(record_decode(buf, len_bytes, &back), -EBADMSG);
	make(sample_placed);
	put_le32(buf + len_bytes - 4, 1);			/* behind the last one */
	reseal(buf + TAIL);
	assert_int_equal(record_decode(buf, len_bytes, &back), -EBADMSG);
}

/* The bits, the sections and the head say the same, or it was nobody's save. */
static void bits_and_contents_agree(void **state)
{
	(void)state;
	make(sample_placed);
	assert_int_equal(decode_changed(AT_RO_COMPAT, RECORD_RO_KEPT), -EBADMSG);
	make(sample_placed);
	assert_int_equal(decode_changed(AT_INCOMPAT, RECORD_IN_PROVING), -EBADMSG);
	make(sample_proving);
	assert_int_equal(get_le32(buf + 8), 2);
	assert_int_equal(decode_changed(AT_INCOMPAT, 0), -EBADMSG);
	make(sample_kept);
	assert_int_equal(get_le32(buf + 8), 2);
	assert_int_equal(decode_changed(AT_RO_COMPAT, 0), -EBADMSG);
	make(sample_proving);
	put_le32(buf + 8, 1);		/* a head that version 1 would read */
	reseal(buf);
	assert_int_equal(decode_changed(20, get_le32(buf + 16)), -EBADMSG);
	/* The place of the stores' partition begins where the head says. */
	make(sample_placed);
	assert_int_equal(decode_changed(section_at(1) + 32 - TAIL, 4711), -EBADMSG);
}

static void reserved_bytes_of_the_tail_are_zero(void **state)
{
	static const struct { uint32_t section; size_t first, end; } reserved[] = {
		{ 0, 8, 12 }, { 0, 24, 32 }, { 0, 44, 64 },
		{ 1, 48, 64 }, { 1, 72, 128 }, { 1, 128 + 48, 192 },
		{ 2, 4, 8 }, { 2, 304, 320 }, { 2, 16 + 6, 80 },
		{ 3, 12, 16 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		for (size_t at = reserved[i].first; at < reserved[i].end; at++) {
			size_t from;

			make(sample_placed);
			from = reserved[i].section ? section_at(reserved[i].section) : TAIL;
			assert_int_equal(buf[from + at], 0);
			buf[from + at] = 1;
			reseal(buf + TAIL);
			assert_int_equal(record_decode(buf, len_bytes, &back), -EBADMSG);
		}
}

/* Each row breaks one field of a good record. */
#define BREAKS(name, change) static void name(struct record *r) { change; }
BREAKS(no_tail, r->generation++)
BREAKS(earlier_many, r->earlier_count = RECORD_EARLIER_MAX + 1)
BREAKS(earlier_none, r->earlier[3].result = RESULT_NONE)
BREAKS(earlier_result, r->earlier[3].result = RESULT_COUNT)
BREAKS(earlier_from, memset(r->earlier[3].version_from, 'x', sizeof(r->earlier[3].version_from)))
BREAKS(earlier_to, memset(r->earlier[3].version_to, 'x', sizeof(r->earlier[3].version_to)))
BREAKS(earlier_reason, memset(r->earlier[3].reason, 'x', sizeof(r->earlier[3].reason)))
BREAKS(part_start, r->store_part.start_sectors = UINT64_MAX)
BREAKS(part_size, r->store_part.size_sectors = UINT64_MAX)
BREAKS(installed_many, r->installed_count = RECORD_VOLUMES_MAX + 1)
BREAKS(installed_name, r->installed[0].name[0] = 0)
BREAKS(installed_twice, r->installed[1] = r->installed[0]; r->installed_count = 2)
BREAKS(installed_place, r->installed[0].place.start_sectors = UINT64_MAX)
BREAKS(installed_version, memset(r->installed[0].version, 'x', sizeof(r->installed[0].version)))
BREAKS(installed_empty, r->installed[0].image_bytes = 0)
BREAKS(installed_huge, r->installed[0].image_bytes = UINT64_MAX)
BREAKS(kept_place, r->kept.store_place = STORE_PLACE_COUNT)
BREAKS(kept_part, r->kept.store_part.size_sectors = UINT64_MAX)
BREAKS(kept_version, memset(r->kept.version, 'x', sizeof(r->kept.version)))
BREAKS(kept_many, r->kept.volume_count = RECORD_VOLUMES_MAX + 1)
BREAKS(kept_extents_many, r->kept.extent_count = RECORD_KEPT_EXTENTS_MAX + 1)
BREAKS(kept_extents_left, r->kept.extent_count++)
BREAKS(kept_store, r->kept.volume[0].store_sectors += 8)
BREAKS(kept_origin, r->kept.volume[0].origin.start_sectors = UINT64_MAX)
BREAKS(kept_extent, r->kept.extent[0].start_sectors = UINT64_MAX)

static void every_field_of_the_tail_has_bounds(void **state)
{
	static void (*const breaks[])(struct record *) = {
		no_tail, earlier_many, earlier_none, earlier_result, earlier_from, earlier_to,
		earlier_reason, part_start, part_size, installed_many, installed_name,
		installed_twice, installed_place, installed_version, installed_empty,
		installed_huge, kept_place, kept_part, kept_version, kept_many, kept_extents_many,
		kept_extents_left, kept_store, kept_origin, kept_extent,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		sample_kept(&rec);
		assert_true(record_ok(&rec));
		breaks[i](&rec);
		if (record_ok(&rec))
			print_error("row %zu is taken for a good record\n", i);
		assert_int_equal(record_encode(&rec, buf, &len_bytes), -EINVAL);
		assert_non_null(strstr(fail_text(), record_wrong(&rec)));
	}
}

/* The same from the other side: wrong numbers under a right CRC. */
static void decode_insists_on_the_bounds(void **state)
{
	static const struct { uint32_t section; size_t at; } fields[] = {
		{ 2, 0 }, { 2, 320 }, { 4, 32 + 32 + 4 }, { 4, 96 + 4 }, { 5, 80 }, { 5, 84 },
		{ 5, 88 }, { 5, 96 + 40 + 4 }, { 5, 192 + 32 + 4 }, { 5, 192 + 72 },
		{ 5, 192 + 256 + 36 }, { 5, 192 + 320 + 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t at;

		make(sample_kept);
		at = section_at(fields[i].section);
		assert_true(at != 0);
		assert_int_equal(decode_changed(at + fields[i].at - TAIL, 0xffffffff), -EBADMSG);
	}
}

static void sixteen_results_are_kept(void **state)
{
	(void)state;
	sample_kept(&rec);
	assert_int_equal(rec.earlier_count, RECORD_EARLIER_MAX);
	assert_string_equal(rec.last.version_from, "12.15");
	assert_string_equal(rec.earlier[0].version_from, "12.14");
	assert_string_equal(rec.earlier[14].version_from, "12.0");
	record_end(&rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 2);
	assert_string_equal(rec.earlier[0].version_from, "12.15");
	assert_string_equal(rec.earlier[14].version_from, "12.1");
	assert_true(record_ok(&rec));
}

static void the_end_of_an_update_keeps_what_outlives_it(void **state)
{
	(void)state;
	sample_placed(&rec);
	record_end(&rec, RESULT_REVERTED, REASON_TRIES_SPENT, "", 2);
	assert_int_equal(rec.earlier_count, 2);
	assert_int_equal(rec.knows[RECORD_INIT_B].format, 3);
	assert_int_equal(rec.store_dir_inode, 0);
	assert_false(place_is_known(&rec.store_part));
	assert_true(record_ok(&rec));
}

/* Of the pending update, and of no other: an older program keeps the section beyond its update's end. */
static void proofs_that_failed_are_counted(void **state)
{
	(void)state;
	sample_proving(&rec);
	assert_int_equal(record_proofs_failed(&rec), 0);
	record_proof_failed(&rec, 1);
	record_proof_failed(&rec, 2);
	assert_int_equal(record_proofs_failed(&rec), 2);
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_int_equal(record_proofs_failed(&back), 2);
	assert_int_equal(back.proof.differs, 2);
	back.update_id[0] ^= 1;
	assert_int_equal(record_proofs_failed(&back), 0);
	record_proof_failed(&back, 4);
	assert_int_equal(record_proofs_failed(&back), 1);
	record_end(&back, RESULT_MERGED, REASON_MERGED, "", 1);
	assert_int_equal(back.proof.failed, 0);
	assert_int_equal(decode_changed(section_at(6) + 16 - TAIL, 0), -EBADMSG);
}

/* A feature that leads into recovery is for those only who have said that they know it. */
static void an_init_knows_what_it_has_said(void **state)
{
	(void)state;
	sample_idle(&rec);
	assert_false(record_may_use(&rec, false, 0, RECORD_IN_PROVING));
	assert_false(record_may_use(&rec, true, 0, RECORD_IN_PROVING));
	record_note_init(&rec, 0);
	assert_true(record_may_use(&rec, false, 0, RECORD_IN_PROVING));
	assert_true(record_may_use(&rec, false, RECORD_RO_KEPT, 0));
	rec.knows[RECORD_INIT_ONLY].ro_compat = 0;		/* the first that knew proofs did not */
	assert_false(record_may_use(&rec, false, RECORD_RO_KEPT, 0));
	record_note_init(&rec, 0);
	assert_false(record_may_use(&rec, true, 0, RECORD_IN_PROVING));
	record_note_init(&rec, 'a');
	assert_false(record_may_use(&rec, true, 0, RECORD_IN_PROVING));
	record_note_init(&rec, 'b');
	assert_true(record_may_use(&rec, true, 0, RECORD_IN_PROVING));
	assert_false(record_may_use(&rec, true, 0, RECORD_IN_PROVING | 0x80));
	rec.knows[RECORD_INIT_B].format = 1;
	assert_false(record_may_use(&rec, true, 0, RECORD_IN_PROVING));
	record_note_init(&rec, 'b');
	record_forget_init(&rec, 'b');
	assert_false(record_may_use(&rec, true, 0, RECORD_IN_PROVING));
	assert_true(record_may_use(&rec, false, 0, RECORD_IN_PROVING));
}

/* What is kept concerns those that may be started: the other slot may be empty for ever. */
static void the_init_of_a_dead_slot_has_no_say(void **state)
{
	const struct record_knows first = { RECORD_FORMAT, 0, RECORD_IN_PROVING };

	(void)state;
	sample_idle(&rec);
	rec.slot = rec.slot_old = 0;
	assert_false(record_may_keep(&rec, false));
	record_note_init(&rec, 0);
	assert_true(record_may_keep(&rec, false));
	assert_true(record_may_keep(&rec, true));	/* no loader names a slot */
	rec.slot_old = 'a';
	assert_false(record_may_keep(&rec, true));
	record_note_init(&rec, 'a');
	assert_true(record_may_keep(&rec, true));
	rec.slot = 'b';
	assert_false(record_may_keep(&rec, true));
	record_note_init(&rec, 'b');
	assert_true(record_may_keep(&rec, true));
	record_note_knows(&rec, 'a', &first);
	assert_false(record_may_keep(&rec, true));
}

static void the_longest_record_fits_with_its_tail(void **state)
{
	(void)state;
	sample_kept(&rec);
	sample_update(&rec, PHASE_MERGING);
	for (unsigned v = 0; v < RECORD_VOLUMES_MAX; v++) {
		char name[8];

		snprintf(name, sizeof(name), "v%u", v);
		sample_volume(&rec, name, 1000000, RECORD_EXTENTS_MAX / RECORD_VOLUMES_MAX);
		sample_place(&rec.volume[v].origin, 1);
		memcpy(&rec.kept.volume[v], &rec.volume[v], sizeof(rec.kept.volume[v]));
		rec.kept.volume[v].extent_first = v;
		rec.kept.volume[v].extent_count = 1;
		rec.kept.extent[v] = (struct extent){ 1, rec.volume[v].store_sectors };
		rec.installed[v] = rec.installed[0];
		memcpy(rec.installed[v].name, rec.volume[v].name, sizeof(rec.volume[v].name));
	}
	rec.kept.volume_count = rec.installed_count = RECORD_VOLUMES_MAX;
	/* All the extents that there may be, in the last store. */
	rec.kept.extent_count = RECORD_KEPT_EXTENTS_MAX;
	rec.kept.volume[7].extent_count = RECORD_KEPT_EXTENTS_MAX - 7;
	for (unsigned i = 7; i < RECORD_KEPT_EXTENTS_MAX; i++)
		rec.kept.extent[i] = (struct extent){ i, 1 };
	rec.kept.extent[7].size_sectors = rec.volume[7].store_sectors -
					  (RECORD_KEPT_EXTENTS_MAX - 8);
	rec.other_bytes = RECORD_OTHER_BYTES_MAX;
	put_le32(rec.other, 99);
	put_le32(rec.other + 4, RECORD_OTHER_BYTES_MAX - 8);
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	assert_true(len_bytes <= RECORD_BYTES_MAX);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_false(back.read_only);
	assert_memory_equal(&back, &rec, sizeof(rec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_sees_a_record_of_version_1),
		cmocka_unit_test(a_tail_of_another_head_is_none),
		cmocka_unit_test(a_tail_that_is_cut_or_damaged_is_lost),
		cmocka_unit_test(a_compatible_feature_is_kept),
		cmocka_unit_test(a_read_only_feature_can_be_read_only),
		cmocka_unit_test(an_incompatible_feature_is_foreign),
		cmocka_unit_test(an_unknown_section_is_kept_byte_for_byte),
		cmocka_unit_test(too_much_that_is_unknown_can_be_read_only),
		cmocka_unit_test(sections_have_their_order_and_length),
		cmocka_unit_test(bits_and_contents_agree),
		cmocka_unit_test(reserved_bytes_of_the_tail_are_zero),
		cmocka_unit_test(every_field_of_the_tail_has_bounds),
		cmocka_unit_test(decode_insists_on_the_bounds),
		cmocka_unit_test(sixteen_results_are_kept),
		cmocka_unit_test(the_end_of_an_update_keeps_what_outlives_it),
		cmocka_unit_test(proofs_that_failed_are_counted),
		cmocka_unit_test(an_init_knows_what_it_has_said),
		cmocka_unit_test(the_init_of_a_dead_slot_has_no_say),
		cmocka_unit_test(the_longest_record_fits_with_its_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
