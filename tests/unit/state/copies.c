/* SPDX-License-Identifier: MIT */
/*
 * The two copies: every pair of what a copy can be, loaded, repaired, saved over; and each call that
 * can fail.  Cuts: copies_cut.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "base/crc32c.h"
#include "disk.h"
#include "samples.h"

static struct record rec, loaded, seven;
static struct copies copies;
static uint8_t before[DISK_BYTES];

enum kind {
	GOOD,		/* generation 7 */
	OLDER,		/* generation 5 */
	OTHER,		/* generation 7, another content */
	ZERO,
	TORN,		/* garbage in the first block, zeros behind */
	LATE,		/* zero, but for one byte at the very end */
	GARBAGE,
	FOREIGN,
	BLIND,		/* cannot be read at all */
	BLIND_BLOCK,	/* its first block cannot be read, zeros behind */
	BLIND_BEHIND,	/* good, with an unreadable sector behind the record */
	KINDS
};

static const char *const kind_name[KINDS] = {
	"good", "older", "other", "zero", "torn", "late", "garbage", "foreign", "blind",
	"blind block", "blind behind",
};

/*
 * What the record is: g the good one of generation 7, o that of generation 5, n new, d damaged.
 * B:  good, older, other, zero, torn, late, garbage, foreign, blind, blind block, blind behind
 */
static const char expected[KINDS][KINDS + 1] = {
	[GOOD] =         "ggdggggdggg",
	[OLDER] =        "gogoooodoog",
	[OTHER] =        "dggggggdggd",
	[ZERO] =         "gogndddddd" "g",
	[TORN] =         "gogndddddd" "g",
	[LATE] =         "gogddddddd" "g",
	[GARBAGE] =      "gogddddddd" "g",
	[FOREIGN] =      "ddddddddddd",
	[BLIND] =        "gogddddddd" "g",
	[BLIND_BLOCK] =  "gogndddddd" "g",
	[BLIND_BEHIND] = "ggdggggdggg",
};

static bool is_seven(enum kind kind)
{
	return kind == GOOD || kind == OTHER || kind == BLIND_BEHIND;
}

static enum copy_health expected_copy(enum kind kind, enum kind beside)
{

	switch (kind) {
	case GOOD:
	case OTHER:
	case BLIND_BEHIND:
		return COPY_GOOD;
	case OLDER:
		return is_seven(beside) ? COPY_STALE : COPY_GOOD;
	case ZERO:
		return COPY_ZERO;
	case FOREIGN:
		return COPY_FOREIGN;
	default:
		return COPY_DAMAGED;
	}
}

static void put(unsigned i, enum kind kind)
{
	uint8_t *at = disk.cache + disk_copy_at(i);
	size_t len_bytes;

	switch (kind) {
	case GOOD:
		disk_put_record(i, &seven);
		break;
	case OLDER:
		sample_merging(&rec);
		rec.generation = 5;
		disk_put_record(i, &rec);
		break;
	case OTHER:
		rec = seven;
		rec.tries_left--;
		disk_put_record(i, &rec);
		break;
	case ZERO:
		break;
	case TORN:
		disk_garbage(at, 4096, i + 1);
		break;
	case LATE:
		at[RECORD_BYTES_MAX - 1] = 1;
		break;
	case GARBAGE:
		disk_garbage(at, RECORD_BYTES_MAX, i + 1);
		break;
	case FOREIGN:
		len_bytes = disk_put_record(i, &seven);
		put_le32(at + 8, RECORD_FORMAT + 1);
		put_le32(at + 16, 0);
		put_le32(at + 16, crc32c(0, at, len_bytes));
		break;
	case BLIND:
		disk_put_record(i, &seven);
		disk_make_bad(disk_copy_at(i), RECORD_BYTES_MAX, true);
		break;
	case BLIND_BLOCK:
		disk_make_bad(disk_copy_at(i) + 512, 512, true);
		break;
	case BLIND_BEHIND:
		len_bytes = disk_put_record(i, &seven);
		disk_make_bad(disk_copy_at(i) + len_bytes, 512, true);
		break;
	case KINDS:
		break;
	}
}

static void put_pair(enum kind a, enum kind b)
{
	disk_zero();
	put(0, a);
	put(1, b);
	disk_listen(0);
	memset(&loaded, 0xee, sizeof(loaded));
	memset(&copies, 0xee, sizeof(copies));
	assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
	assert_int_equal(disk.op_count, 0);
}

static void assert_idle(const struct record *r)
{
	static struct record idle;

	memset(&idle, 0, sizeof(idle));
	idle.generation = r->generation;
	assert_true(same_record(r, &idle));
}

static const char *pair_a, *pair_b;	/* the pair in hand */

/* Says which pair a test failed in. */
static int show_pair(void **state)
{
	(void)state;
	if (pair_a)
		print_error("A was %s, B was %s\n", pair_a, pair_b);
	pair_a = NULL;
	return 0;
}

static void for_all_pairs(void (*check)(enum kind a, enum kind b))
{
	sample_trial(&seven);
	seven.generation = 7;
	for (int a = 0; a < KINDS; a++)
		for (int b = 0; b < KINDS; b++) {
			pair_a = kind_name[a];
			pair_b = kind_name[b];
			put_pair((enum kind)a, (enum kind)b);
			check((enum kind)a, (enum kind)b);
		}
	pair_a = NULL;
}

static void check_loaded(enum kind a, enum kind b)
{
	switch (expected[a][b]) {
	case 'g':
		assert_int_equal(copies.health, RECORD_GOOD);
		assert_int_equal(loaded.generation, 7);
		assert_int_equal(loaded.phase, PHASE_TRIAL);
		break;
	case 'o':
		assert_int_equal(copies.health, RECORD_GOOD);
		assert_int_equal(loaded.generation, 5);
		assert_int_equal(loaded.phase, PHASE_MERGING);
		break;
	case 'n':
		assert_int_equal(copies.health, RECORD_NEW);
		assert_idle(&loaded);
		break;
	default:
		assert_int_equal(copies.health, RECORD_DAMAGED);
		assert_idle(&loaded);
		/* So that what is written over it comes after it. */
		assert_int_equal(loaded.generation, is_seven(a) || is_seven(b) ? 7 :
				 a == OLDER || b == OLDER ? 5 : 0);
	}
	assert_int_equal(copies.copy[0], expected_copy(a, b));
	assert_int_equal(copies.copy[1], expected_copy(b, a));
	assert_int_equal(copies.repairable, copies.health == RECORD_GOOD &&
			 (copies.copy[0] != COPY_GOOD || copies.copy[1] != COPY_GOOD));
	/* Words are there exactly when something is wrong. */
	assert_int_equal(copies.why[0] != 0, copies.repairable || copies.health == RECORD_DAMAGED ||
			 copies.copy[0] == COPY_DAMAGED);
}

static void every_pair_is_judged(void **state)
{
	(void)state;
	for_all_pairs(check_loaded);
}

static void check_repaired(enum kind a, enum kind b)
{
	static struct record again;
	const bool repairable = copies.repairable;

	(void)a, (void)b;
	memcpy(before, disk.cache, sizeof(before));
	assert_int_equal(copies_repair(&meta, &loaded, &copies), 0);
	if (!repairable) {
		assert_int_equal(disk.op_count, 0);
		assert_memory_equal(before, disk.cache, sizeof(before));
		return;
	}
	assert_int_equal(disk.op_count, 3);	/* flush, one copy, flush */
	assert_false(copies.repairable);
	assert_int_equal(copies.why[0], 0);

	/* Twice is once. */
	memcpy(before, disk.cache, sizeof(before));
	disk_listen(0);
	assert_int_equal(copies_repair(&meta, &loaded, &copies), 0);
	assert_int_equal(copies_load(&meta, &again, &copies), 0);
	assert_int_equal(copies.health, RECORD_GOOD);
	assert_true(same_record(&again, &loaded));
	assert_false(copies.repairable);
	assert_int_equal(copies.why[0], 0);
	assert_int_equal(copies_repair(&meta, &again, &copies), 0);
	assert_int_equal(disk.op_count, 0);
	assert_memory_equal(before, disk.cache, sizeof(before));
}

static void every_pair_is_repaired_once(void **state)
{
	(void)state;
	for_all_pairs(check_repaired);
}

/*
 * Two heads without their tails: each may be in the disk's cache only, and a copy with a tail may lie
 * below it, which would count again after a cut.  So they are flushed before anybody acts on them.
 */
static void two_without_tails_are_flushed(void **state)
{
	(void)state;
	disk_zero();
	memset(&copies, 0, sizeof(copies));
	assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
	sample_reverted(&rec);
	rec.generation = loaded.generation;
	assert_int_equal(copies_save(&meta, &rec, &copies, false), 0);
	for (unsigned i = 0; i < COPIES_COUNT; i++)
		disk.cache[COPY_B_OFFSET_BYTES * i + record_length(&disk.cache[COPY_B_OFFSET_BYTES * i]) + 64] ^= 1;
	disk_listen(0);
	assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
	assert_int_equal(copies.health, RECORD_GOOD);
	assert_int_equal(copies.tail_lost, 1);
	assert_int_equal(copies.repairable, 1);
	memcpy(before, disk.cache, sizeof(before));
	assert_int_equal(copies_repair(&meta, &loaded, &copies), 0);
	assert_int_equal(disk.op_count, 1);
	assert_true(disk.op[0].is_flush);
	assert_false(copies.repairable);
	assert_memory_equal(before, disk.cache, sizeof(before));
}

/* Saves a reverted record over whatever is there, and checks that both copies hold it then. */
static void save_and_check(bool overwrite)
{
	const uint64_t generation = loaded.generation;

	sample_reverted(&rec);
	rec.generation = generation;
	assert_int_equal(copies_save(&meta, &rec, &copies, overwrite), 0);
	assert_true(rec.generation > generation);
	assert_int_equal(copies.health, RECORD_GOOD);
	assert_false(copies.repairable);
	assert_int_equal(copies.why[0], 0);
	assert_false(disk.dirty);
	assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
	assert_int_equal(copies.health, RECORD_GOOD);
	assert_false(copies.repairable);
	assert_true(same_record(&loaded, &rec));
}

static void check_saved(enum kind a, enum kind b)
{
	if (expected[a][b] != 'd') {
		save_and_check(false);
		return;
	}
	memcpy(before, disk.cache, sizeof(before));
	sample_reverted(&rec);
	assert_int_equal(copies_save(&meta, &rec, &copies, false), -EROFS);
	assert_int_equal(rec.generation, 12);	/* as it was */
	assert_int_equal(disk.op_count, 0);
	assert_memory_equal(before, disk.cache, sizeof(before));
	save_and_check(true);
}

static void every_pair_is_saved_over_or_left_alone(void **state)
{
	(void)state;
	for_all_pairs(check_saved);
}

/* Told to overwrite one of two good copies that differ, a save that fails leaves the other, alone. */
static bool is_tie(enum kind a, enum kind b)
{
	return expected[a][b] == 'd' && expected_copy(a, b) == COPY_GOOD &&
	       expected_copy(b, a) == COPY_GOOD;
}

/*
 * Fails call k until k no longer fires, from every pair: then the old record is there or the new
 * one, and the next save succeeds and lasts.
 */
static void check_failing(enum kind a, enum kind b)
{
	const bool damaged = expected[a][b] == 'd';

	for (unsigned k = 1;; k++) {
		static struct record old;
		struct copies held;
		enum record_health old_health;
		uint64_t spent;
		int rc;

		put_pair(a, b);
		old = loaded;
		old_health = copies.health;
		sample_reverted(&rec);
		rec.generation = old.generation;
		disk_listen(k);
		rc = copies_save(&meta, &rec, &copies, damaged);
		if (disk.calls < k) {
			assert_int_equal(rc, 0);
			break;
		}
		assert_int_equal(rc, -EIO);
		disk_listen(0);
		spent = rec.generation;
		assert_true(spent > old.generation);
		held = copies;
		assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
		/* What the program still holds for good is whole; what is in doubt it does not. */
		for (unsigned i = 0; i < COPIES_COUNT; i++)
			if (held.copy[i] == COPY_GOOD)
				assert_true(copies.copy[i] == COPY_GOOD || copies.copy[i] == COPY_STALE);
		if (held.health == RECORD_GOOD)
			assert_int_equal(copies.health, RECORD_GOOD);
		if (copies.health != RECORD_GOOD) {
			assert_int_equal(copies.health, old_health);
		} else if (loaded.generation != spent && !is_tie(a, b)) {
			old.generation = loaded.generation;
			assert_true(same_record(&loaded, &old));
		}

		/* The same program, not a new one, goes on: with what it holds in memory. */
		put_pair(a, b);
		sample_reverted(&rec);
		rec.generation = loaded.generation;
		disk_listen(k);
		assert_int_equal(copies_save(&meta, &rec, &copies, damaged), -EIO);
		spent = rec.generation;
		disk_listen(0);
		rec.tries_left = rec.tries_total = 1;
		assert_int_equal(copies_save(&meta, &rec, &copies, damaged), 0);
		assert_true(rec.generation > spent);
		assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
		assert_true(same_record(&loaded, &rec));
		assert_false(copies.repairable);
	}
}

static void a_failed_save_leaves_the_old_or_the_new(void **state)
{
	(void)state;
	for_all_pairs(check_failing);
}

/* One copy's place cannot be written any more: nothing is saved there, and nothing is lost. */
static void a_worn_out_copy_costs_the_save_only(void **state)
{
	(void)state;
	for (unsigned worn = 0; worn < COPIES_COUNT; worn++) {
		sample_trial(&seven);
		seven.generation = 7;
		put_pair(GOOD, GOOD);
		disk_make_bad(disk_copy_at(worn), 4096, true);
		disk.worn = true;
		assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
		assert_int_equal(copies.health, RECORD_GOOD);
		for (unsigned i = 0; i < 3; i++) {
			rec = loaded;
			rec.tries_left = 1;
			assert_int_equal(copies_save(&meta, &rec, &copies, false), -EIO);
			assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
			assert_int_equal(copies.health, RECORD_GOOD);
			assert_int_equal(loaded.generation, 7);
			assert_int_equal(copies_repair(&meta, &loaded, &copies), -EIO);
		}
	}
}

/* I4 in memory: a record that was changed and not saved must not become the other copy. */
static void repair_takes_what_is_on_the_disk_only(void **state)
{
	(void)state;
	sample_trial(&seven);
	seven.generation = 7;
	put_pair(GOOD, ZERO);
	memcpy(before, disk.cache, sizeof(before));
	loaded.tries_left--;
	assert_int_equal(copies_repair(&meta, &loaded, &copies), -ESTALE);
	assert_memory_equal(before, disk.cache, sizeof(before));
	assert_true(copies.repairable);
}

static void a_record_out_of_bounds_is_not_saved(void **state)
{
	(void)state;
	sample_trial(&seven);
	seven.generation = 7;
	put_pair(GOOD, GOOD);
	memcpy(before, disk.cache, sizeof(before));
	rec = loaded;
	rec.slot = 'x';
	assert_int_equal(copies_save(&meta, &rec, &copies, false), -EINVAL);
	assert_int_equal(rec.generation, 7);
	assert_int_equal(disk.op_count, 0);
	assert_memory_equal(before, disk.cache, sizeof(before));
}

static void a_small_partition_is_no_meta(void **state)
{
	(void)state;
	meta.size_bytes = DISK_BYTES - 1;
	memset(&loaded, 0x5a, sizeof(loaded));
	assert_int_equal(copies_load(&meta, &loaded, &copies), -EINVAL);
	assert_int_equal(((uint8_t *)&loaded)[0], 0x5a);
	meta.size_bytes = DISK_BYTES;
}

/* A file system that somebody called meta by mistake is neither new nor to be written over. */
static void another_content_is_not_a_torn_first_save(void **state)
{
	(void)state;
	for (size_t at = 4096; at < RECORD_BYTES_MAX; at += 4096 - 1) {
		disk_zero();
		disk_garbage(disk.cache, 4096, 1);
		disk.cache[at] = 1;
		assert_int_equal(copies_load(&meta, &loaded, &copies), 0);
		assert_int_equal(copies.health, RECORD_DAMAGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_pair_is_judged, show_pair),
		cmocka_unit_test_teardown(every_pair_is_repaired_once, show_pair),
		cmocka_unit_test(two_without_tails_are_flushed),
		cmocka_unit_test_teardown(every_pair_is_saved_over_or_left_alone, show_pair),
		cmocka_unit_test_teardown(a_failed_save_leaves_the_old_or_the_new, show_pair),
		cmocka_unit_test(a_worn_out_copy_costs_the_save_only),
		cmocka_unit_test(repair_takes_what_is_on_the_disk_only),
		cmocka_unit_test(a_record_out_of_bounds_is_not_saved),
		cmocka_unit_test(a_small_partition_is_no_meta),
		cmocka_unit_test(another_content_is_not_a_torn_first_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
