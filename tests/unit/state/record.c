/* SPDX-License-Identifier: MIT */
/*
 * The record's bytes against the files of tests/golden/record, and what decode must refuse.
 * UPDATE_GOLDEN=1 writes the golden files anew: a change of theirs is a change of the format.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "base/crc32c.h"
#include "base/fail.h"
#include "samples.h"

static struct record rec, back;
static uint8_t buf[RECORD_BYTES_MAX], golden[RECORD_BYTES_MAX];

static const struct {
	const char *name;
	void (*make)(struct record *rec);
} samples[] = {
	{ "idle", sample_idle },
	{ "staging", sample_staging },
	{ "trial-two-volumes-in-files", sample_trial },
	{ "merging-on-partition", sample_merging },
	{ "idle-reverted", sample_reverted },
	{ "idle-partial", sample_partial },
	{ "v2-trial-with-places", sample_placed },
	{ "v2-proving", sample_proving },
	{ "v2-idle-kept", sample_kept },
	{ "v2-merging-more", sample_more },
	{ "v2-trial-released", sample_released },
};

static void golden_path(char *path, size_t size_bytes, const char *name)
{
	snprintf(path, size_bytes, "tests/golden/record/%s.hex", name);
}

/* "OFFSET: 16 bytes in hex", lines of zeros left out, and the length at the end. */
static void golden_write(const char *name, const uint8_t *data, size_t len_bytes)
{
	char path[128];
	FILE *file;

	golden_path(path, sizeof(path), name);
	file = fopen(path, "w");
	assert_non_null(file);
	for (size_t at = 0; at < len_bytes; at += 16) {
		if (bytes_are_zero(data + at, 16))
			continue;
		fprintf(file, "%08zx:", at);
		for (size_t i = 0; i < 16; i++)
			fprintf(file, " %02x", data[at + i]);
		fprintf(file, "\n");
	}
	fprintf(file, "%08zx\n", len_bytes);
	assert_int_equal(fclose(file), 0);
}

static size_t golden_read(const char *name, uint8_t *data)
{
	char path[128], line[128];
	size_t len_bytes = 0;
	FILE *file;

	golden_path(path, sizeof(path), name);
	file = fopen(path, "r");
	assert_non_null(file);
	memset(data, 0, RECORD_BYTES_MAX);
	while (fgets(line, sizeof(line), file)) {
		char *next;
		size_t at = strtoul(line, &next, 16);

		assert_true(at < RECORD_BYTES_MAX);
		if (*next != ':') {
			len_bytes = at;
			continue;
		}
		next++;
		for (size_t i = 0; i < 16; i++)
			data[at + i] = (uint8_t)strtoul(next, &next, 16);
	}
	assert_int_equal(fclose(file), 0);
	return len_bytes;
}

static void encodes_to_the_golden_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t len_bytes, golden_bytes;

		samples[i].make(&rec);
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
		if (getenv("UPDATE_GOLDEN"))
			golden_write(samples[i].name, buf, len_bytes);
		golden_bytes = golden_read(samples[i].name, golden);
		assert_int_equal(len_bytes, golden_bytes);
		assert_memory_equal(buf, golden, len_bytes);

		memset(&back, 0xee, sizeof(back));
		assert_int_equal(record_decode(golden, sizeof(golden), &back), 0);
		assert_false(back.read_only);
		assert_true(same_record(&back, &rec));
		if (!record_has_tail(rec.generation))
			assert_int_equal(record_length(golden), golden_bytes);
	}
}

/* Makes the CRC right again after a change. */
static void reseal(uint8_t *data)
{
	size_t len_bytes = get_le32(data + 12);

	put_le32(data + 16, 0);
	put_le32(data + 16, crc32c(0, data, len_bytes));
}

static void assert_refused(int rc)
{
	memset(&back, 0x5a, sizeof(back));
	assert_int_equal(record_decode(buf, sizeof(buf), &back), rc);
	assert_true(((uint8_t *)&back)[0] == 0x5a && ((uint8_t *)&back)[sizeof(back) - 1] == 0x5a);
}

static void any_flipped_bit_is_seen(void **state)
{
	size_t len_bytes;

	(void)state;
	sample_trial(&rec);
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	for (size_t bit = 0; bit < len_bytes * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_refused(-EBADMSG);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
}

/* With a right CRC: what is left out of the golden files must be zero, and every field in its bounds. */
static void reserved_bytes_must_be_zero(void **state)
{
	static const struct { size_t first, end; } reserved[] = {
		{ 20, 24 }, { 46, 48 }, { 672, 736 }, { 745, 1024 },
		{ 1024 + 76, 1024 + 80 }, { 1024 + 112, 1024 + 256 },	/* in a volume */
		{ 1024 + 2 * 256, 3072 },			/* volumes that are not there */
		{ 3072 + 4 * 16, 4096 },			/* extents that are not there */
		{ 64 + 6, 128 }, { 1024 + 7, 1024 + 32 },	/* behind a text */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		for (size_t at = reserved[i].first; at < reserved[i].end; at++) {
			size_t len_bytes;

			sample_trial(&rec);
			assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
			assert_int_equal(buf[at], 0);
			buf[at] = 1;
			reseal(buf);
			assert_refused(-EBADMSG);
		}
}

/* What decode must not take for a list of volumes, a counter or a request. */
static void recovery_in_its_bounds(void **state)
{
	static const struct { size_t at; uint8_t byte; } wrong[] = {
		{ 744, 2 }, { 745, 1 }, { 739, 1 }, { 743, 1 },		/* asked twice, too many boots */
		{ 768, 0 }, { 768, 'V' }, { 768 + 7, 'x' },		/* a gap, no name, behind a name */
		{ 768 + 64, 'a' - 'A' }, { 32, 2 },			/* no name, a trial beside it */
	};
	size_t len_bytes;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		sample_partial(&rec);
		assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
		buf[wrong[i].at] = wrong[i].byte;
		reseal(buf);
		assert_refused(-EBADMSG);
	}
	sample_partial(&rec);
	strcpy(rec.recovery.partial[1], "vendor");
	assert_false(record_ok(&rec));
	sample_trial(&rec);
	assert_int_equal(record_set_partial(&rec, "system"), 0);
	assert_false(record_ok(&rec));
}

static void volumes_that_are_not_whole(void **state)
{
	char name[16];

	(void)state;
	sample_partial(&rec);
	rec.generation = RECORD_GENERATION_STEP;
	assert_true(record_is_partial(&rec, "system") && record_is_partial(&rec, "vendor"));
	assert_false(record_is_partial(&rec, "vend") || record_is_partial(&rec, ""));
	assert_int_equal(record_set_partial(&rec, "system"), 0);	/* twice is once */
	record_set_whole(&rec, "vendor");
	assert_true(record_ok(&rec) && !record_is_partial(&rec, "vendor"));
	record_set_whole(&rec, "vendor");
	record_clear(&rec);						/* outlives whatever ends */
	assert_true(record_is_partial(&rec, "system") && rec.recovery.asked);
	for (int i = 1; i < RECORD_VOLUMES_MAX; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		assert_int_equal(record_set_partial(&rec, name), 0);
	}
	assert_true(record_ok(&rec));
	assert_int_equal(record_set_partial(&rec, "v8"), -ENOSPC);
	assert_true(record_ok(&rec));
	record_set_whole(&rec, "system");
	for (int i = 1; i < RECORD_VOLUMES_MAX; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		assert_true(record_is_partial(&rec, name));
		record_set_whole(&rec, name);
		assert_true(record_ok(&rec));
	}
	assert_int_equal(rec.recovery.partial[0][0], 0);
}

static void a_later_format_is_known_as_such(void **state)
{
	size_t len_bytes;

	(void)state;
	sample_trial(&rec);
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	put_le32(buf + 8, RECORD_FORMAT + 1);
	reseal(buf);
	assert_refused(-ENOTSUP);
	memset(buf + 32, 0xff, len_bytes - 32);	/* whatever its body is */
	reseal(buf);
	assert_refused(-ENOTSUP);
	buf[100] ^= 1;				/* but not when it is damaged */
	assert_refused(-EBADMSG);
	sample_trial(&rec);
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	put_le32(buf + 8, 0);			/* there was none before the first */
	reseal(buf);
	assert_refused(-EBADMSG);
}

static void a_wrong_length_is_refused(void **state)
{
	static const uint32_t wrong[] = { 0, 1, 4095, 4097, 8192, RECORD_BYTES_MAX,
					  RECORD_BYTES_MAX + 4096, 0xfffff000 };
	size_t len_bytes;

	(void)state;
	sample_trial(&rec);
	memset(buf, 0, sizeof(buf));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
		put_le32(buf + 12, wrong[i]);
		if (wrong[i] >= 4096 && wrong[i] <= RECORD_BYTES_MAX)
			reseal(buf);
		assert_refused(-EBADMSG);
	}
	sample_long(&rec, 1000);
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	assert_true(len_bytes > 4096);
	for (size_t have = 0; have < len_bytes; have += 512)
		assert_int_equal(record_decode(buf, have, &back), -EBADMSG);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
}

static void the_longest_record_fits(void **state)
{
	size_t len_bytes;

	(void)state;
	sample_idle(&rec);
	sample_update(&rec, PHASE_MERGING);
	for (unsigned v = 0; v < RECORD_VOLUMES_MAX; v++) {
		char name[8];

		snprintf(name, sizeof(name), "v%u", v);
		sample_volume(&rec, name, 1000000, RECORD_EXTENTS_MAX / RECORD_VOLUMES_MAX);
	}
	assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
	assert_true(len_bytes <= RECORD_BYTES_MAX);
	assert_int_equal(record_decode(buf, len_bytes, &back), 0);
	assert_true(same_record(&back, &rec));
}

/* Each row breaks one field of a good trial record. */
#define BREAKS(name, change) static void name(struct record *r) { change; }
BREAKS(generation, r->generation = UINT64_MAX)
BREAKS(phase, r->phase = PHASE_COUNT)
BREAKS(result, r->last.result = RESULT_COUNT)
BREAKS(place, r->store_place = STORE_PLACE_COUNT)
BREAKS(tries_left, r->tries_left = 4)
BREAKS(tries_total, r->tries_total = RECORD_TRIES_MAX + 1)
BREAKS(slot, r->slot = 'c')
BREAKS(slot_old, r->slot_old = 1)
BREAKS(version_from, memset(r->version_from, 'x', sizeof(r->version_from)))
BREAKS(version_to, memset(r->version_to, 'x', sizeof(r->version_to)))
BREAKS(refused, memset(r->refused, 'x', sizeof(r->refused)))
BREAKS(last_from, memset(r->last.version_from, 'x', sizeof(r->last.version_from)))
BREAKS(last_to, memset(r->last.version_to, 'x', sizeof(r->last.version_to)))
BREAKS(last_reason, memset(r->last.reason, 'x', sizeof(r->last.reason)))
BREAKS(part_start, r->store_part.start_sectors = UINT64_MAX)
BREAKS(volumes_many, r->volume_count = RECORD_VOLUMES_MAX + 1)
BREAKS(volumes_none, r->volume_count = 0; r->extent_count = 0)
BREAKS(volumes_idle, r->phase = PHASE_IDLE)
BREAKS(extents_many, r->extent_count = RECORD_EXTENTS_MAX + 1)
BREAKS(extents_left_over, r->extent_count++)
BREAKS(name_empty, r->volume[0].name[0] = 0)
BREAKS(name_long, memset(r->volume[0].name, 'x', sizeof(r->volume[0].name)))
BREAKS(name_bad, strcpy(r->volume[0].name, "../x"))
BREAKS(name_twice, strcpy(r->volume[1].name, r->volume[0].name))
BREAKS(volume_empty, r->volume[0].volume_sectors = 0)
BREAKS(volume_huge, r->volume[0].volume_sectors = UINT64_MAX)
BREAKS(image_empty, r->volume[0].image_bytes = 0)
BREAKS(image_long, r->volume[0].image_bytes = r->volume[0].volume_sectors * 512 + 1)
BREAKS(chunk_none, r->volume[0].chunk_sectors = 0)
BREAKS(chunk_odd, r->volume[0].chunk_sectors = 12)
BREAKS(chunk_huge, r->volume[0].chunk_sectors = 1u << 22)
BREAKS(store_huge, r->volume[0].store_sectors = UINT64_MAX)
BREAKS(store_longer, r->volume[0].store_sectors += 8)
BREAKS(store_shorter, r->volume[0].store_sectors -= 8)
BREAKS(store_tiny, r->volume[0].store_sectors = 8)
BREAKS(exceptions, r->volume[1].exceptions = r->volume[1].store_sectors / 8 - 1)
BREAKS(extents_shared, r->volume[1].extent_first = 0)
BREAKS(extents_beyond, r->volume[1].extent_count = UINT32_MAX)
BREAKS(extents_none, r->volume[1].extent_count = 0; r->extent_count--)
BREAKS(extent_empty, r->extent[1].size_sectors = 0)
BREAKS(extent_long, r->extent[0].size_sectors = UINT64_MAX)
BREAKS(extent_far, r->extent[0].start_sectors = UINT64_MAX)

static void every_field_has_bounds(void **state)
{
	static void (*const breaks[])(struct record *) = {
		generation, phase, result, place, tries_left, tries_total, slot, slot_old,
		version_from, version_to, refused, last_from, last_to, last_reason, part_start,
		volumes_many, volumes_none, volumes_idle, extents_many, extents_left_over,
		name_empty, name_long, name_bad, name_twice, volume_empty, volume_huge,
		image_empty, image_long, chunk_none, chunk_odd, chunk_huge, store_huge,
		store_longer, store_shorter, store_tiny, exceptions, extents_shared,
		extents_beyond, extents_none, extent_empty, extent_long, extent_far,
	};
	size_t len_bytes = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		sample_trial(&rec);
		assert_true(record_ok(&rec));
		breaks[i](&rec);
		if (record_ok(&rec))
			print_error("row %zu is taken for a good record\n", i);
		assert_int_equal(record_encode(&rec, buf, &len_bytes), -EINVAL);
		assert_int_equal(len_bytes, 77);
		assert_non_null(strstr(fail_text(), record_wrong(&rec)));
	}
}

/* The same from the other side: wrong numbers under a right CRC. */
static void decode_insists_on_the_bounds(void **state)
{
	static const size_t fields[] = { 24, 32, 36, 40, 44, 45, 352, 356, 360, 368, 372,
		1024 + 32, 1024 + 40, 1024 + 48, 1024 + 56, 1024 + 64, 1024 + 68, 1024 + 72,
		3072, 3080 };
	size_t len_bytes;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		sample_trial(&rec);
		assert_int_equal(record_encode(&rec, buf, &len_bytes), 0);
		memset(buf + fields[i], 0xff, fields[i] == 44 || fields[i] == 45 ? 1 : 4);
		if (fields[i] == 24 || fields[i] >= 3072 || fields[i] == 360 ||
		    (fields[i] >= 1024 + 32 && fields[i] < 1024 + 64))
			memset(buf + fields[i], 0xff, 8);
		reseal(buf);
		assert_refused(-EBADMSG);
	}
}

static void staging_needs_no_stores_yet(void **state)
{
	(void)state;
	sample_staging(&rec);
	assert_true(record_ok(&rec));
	sample_volume(&rec, "system", 10, 1);
	rec.volume[0].extent_count = 0;
	rec.extent_count = 0;
	assert_true(record_ok(&rec));
	rec.phase = PHASE_TRIAL;
	assert_false(record_ok(&rec));
}

static void clear_keeps_generation_result_and_slot(void **state)
{
	struct record_result last;

	(void)state;
	sample_trial(&rec);
	last = rec.last;
	record_clear(&rec);
	sample_idle(&back);
	back.generation = 0x0102030405060708;
	back.last = last;
	back.slot_old = 'a';
	assert_true(same_record(&rec, &back));
	assert_true(record_ok(&rec));
}

static void what_is_merged_leaves_its_slot(void **state)
{
	static const struct {
		enum result result;
		char slot, expected;
	} ends[] = { { RESULT_MERGED, 'b', 'b' }, { RESULT_REVERTED, 'b', 'a' },
		     { RESULT_CANCELLED, 'b', 'a' }, { RESULT_MERGED, 0, 'a' } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		sample_trial(&rec);
		rec.slot = ends[i].slot;
		record_end(&rec, ends[i].result, REASON_STORE_DAMAGED, "", 0);
		assert_int_equal(rec.slot_old, ends[i].expected);
		assert_int_equal(rec.slot, 0);
	}
}

/* Confirmed is confirmed, however its merge ends: an image put onto the volume in recovery, too. */
static void what_was_confirmed_leaves_its_slot(void **state)
{
	(void)state;
	sample_trial(&rec);
	rec.slot = 'b';
	rec.phase = PHASE_MERGING;
	record_end(&rec, RESULT_RESTORED, REASON_IMAGE_PUT, "", 0);
	assert_int_equal(rec.slot_old, 'b');
}

static void end_keeps_what_became_of_the_update(void **state)
{
	char reason[400];

	(void)state;
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = 0;
	sample_trial(&rec);
	rec.generation = RECORD_GENERATION_STEP;
	record_end(&rec, RESULT_CANCELLED, REASON_CANCELLED, reason, 42);
	assert_int_equal(rec.phase, PHASE_IDLE);
	assert_int_equal(rec.volume_count, 0);
	assert_int_equal(rec.last.result, RESULT_CANCELLED);
	assert_int_equal(rec.last.when_s, 42);
	assert_string_equal(rec.last.version_from, "12.11");
	assert_string_equal(rec.last.version_to, "12.11+security");
	assert_int_equal(strlen(rec.last.reason), RECORD_REASON_MAX - 1);
	assert_true(record_ok(&rec));
}

static void everything_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(phase_name(PHASE_IDLE), "idle");
	assert_string_equal(phase_name(PHASE_STAGING), "staging");
	assert_string_equal(phase_name(PHASE_TRIAL), "trial");
	assert_string_equal(phase_name(PHASE_MERGING), "merging");
	assert_string_equal(phase_name(PHASE_COUNT), "unknown");
	assert_string_equal(result_name(RESULT_NONE), "none");
	assert_string_equal(result_name(RESULT_MERGED), "merged");
	assert_string_equal(result_name(RESULT_REVERTED), "reverted");
	assert_string_equal(result_name(RESULT_CANCELLED), "cancelled");
	assert_string_equal(result_name(RESULT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_to_the_golden_bytes),
		cmocka_unit_test(any_flipped_bit_is_seen),
		cmocka_unit_test(reserved_bytes_must_be_zero),
		cmocka_unit_test(recovery_in_its_bounds),
		cmocka_unit_test(volumes_that_are_not_whole),
		cmocka_unit_test(a_later_format_is_known_as_such),
		cmocka_unit_test(a_wrong_length_is_refused),
		cmocka_unit_test(the_longest_record_fits),
		cmocka_unit_test(every_field_has_bounds),
		cmocka_unit_test(decode_insists_on_the_bounds),
		cmocka_unit_test(staging_needs_no_stores_yet),
		cmocka_unit_test(clear_keeps_generation_result_and_slot),
		cmocka_unit_test(what_is_merged_leaves_its_slot),
		cmocka_unit_test(what_was_confirmed_leaves_its_slot),
		cmocka_unit_test(end_keeps_what_became_of_the_update),
		cmocka_unit_test(everything_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
