/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: a save and a repair are cut at each of their writes, and the write that was under way is
 * torn: each of its sectors or blocks is the old one, the new one, or garbage.  Whatever is loaded then
 * must be the old record or the new one, never damage; also when the repair is cut in turn; and a repair
 * that ran to its end writes nothing when it is run again.
 *
 * (A cut repair may bring the new record where the load before it found the old one: what the torn copy
 * lacked may be the same in both.  So nothing acts on a record before its repair returned 0.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "disk.h"
#include "samples.h"

#define GRAINS_MAX (DISK_WRITE_MAX / SECTOR_BYTES)
#define DEPTHS 2			/* a cut, and a cut in the repair that follows */

enum grain { OLD, NEW, GARBAGE, GRAIN_KINDS };

/* What a load may find. */
struct allowed {
	struct record old, new;
	enum record_health old_health;
};

static struct record target;		/* what a save is to save */
static bool overwrite;			/* the save was told to */
static const struct record *older;	/* may be found too: a save after it failed; NULL: none */
static struct record now, done;
static struct copies copies;
static unsigned long states;

/* Of each depth, the allowed records, what was written, and the copies before the torn write. */
static struct level {
	struct allowed allowed;
	unsigned op_count;
	struct disk_op op[DISK_OPS_MAX];
	uint8_t settled[COPIES_COUNT][DISK_WRITE_MAX];
} level[DEPTHS];

static void load(void)
{
	assert_int_equal(copies_load(&meta, &now, &copies), 0);
}

static void save(void)
{
	const uint64_t generation = now.generation;

	now = target;
	now.generation = generation;
	assert_int_equal(copies_save(&meta, &now, &copies, overwrite), 0);
}

static void repair(void)
{
	assert_int_equal(copies_repair(&meta, &now, &copies), 0);
}

/* A record is the same whatever its generation: a new device has none. */
static bool same(const struct record *a, const struct record *b)
{
	static struct record of_b;

	record_copy(&of_b, b);
	of_b.generation = a->generation;
	return same_record(a, &of_b);
}

static void cut_everywhere(void (*action)(void), unsigned depth, bool all_tears);

static void check_state(unsigned depth, bool deeper)
{
	const struct allowed *allowed = &level[depth].allowed;
	bool is_old;

	states++;
	disk_listen(0);
	load();
	is_old = same(&now, &allowed->old) &&
		 (copies.health == allowed->old_health || allowed->old_health != RECORD_DAMAGED);
	if (copies.health == RECORD_DAMAGED)
		assert_int_equal(allowed->old_health, RECORD_DAMAGED);
	else
		assert_true(is_old || same(&now, &allowed->new) || (older && same(&now, older)));
	assert_int_equal(disk.op_count, 0);
	if (!copies.repairable)
		return;
	if (deeper && depth + 1 < DEPTHS) {
		cut_everywhere(repair, depth + 1, false);
		return;
	}
	repair();
	assert_true(disk.op_count > 0);
	disk_listen(0);
	load();
	assert_false(copies.repairable);
	repair();
	assert_int_equal(disk.op_count, 0);
}

/* No write of a copy is longer than this, so nothing behind it ever changes. */
static void keep_copies(struct level *l)
{
	for (unsigned i = 0; i < COPIES_COUNT; i++)
		memcpy(l->settled[i], disk.cache + disk_copy_at(i), DISK_WRITE_MAX);
}

static void put_copies_back(const struct level *l)
{
	for (unsigned i = 0; i < COPIES_COUNT; i++)
		memcpy(disk.cache + disk_copy_at(i), l->settled[i], DISK_WRITE_MAX);
}

/* Makes the disk what the cut left: everything before op settled, op itself torn. */
static void tear(const struct level *l, const struct disk_op *op, size_t grain_bytes,
		 const uint8_t grain[GRAINS_MAX], uint32_t fill)
{
	const size_t count = op->len_bytes / grain_bytes;

	put_copies_back(l);
	for (size_t i = 0; i < count; i++) {
		uint8_t *at = disk.cache + op->offset_bytes + i * grain_bytes;

		if (grain[i] == NEW)
			memcpy(at, op->data + i * grain_bytes, grain_bytes);
		else if (grain[i] == GARBAGE && fill < 256)
			memset(at, (int)fill, grain_bytes);
		else if (grain[i] == GARBAGE)
			disk_garbage(at, grain_bytes, fill + (uint32_t)i);
	}
}

static void try_tear(unsigned depth, const struct disk_op *op, size_t grain_bytes,
		     const uint8_t grain[GRAINS_MAX])
{
	/* The repair is cut in turn where there are not too many ways. */
	const bool deeper = grain_bytes == 4096 && op->len_bytes <= 2 * 4096;
	static const uint32_t fills[] = { 4711, 0x00, 0xff };
	const bool has_garbage = memchr(grain, GARBAGE, op->len_bytes / grain_bytes) != NULL;

	for (size_t i = 0; i < (has_garbage && depth == 0 ? ARRAY_SIZE(fills) : 1); i++) {
		tear(&level[depth], op, grain_bytes, grain, fills[i]);
		check_state(depth, deeper && i == 0);
	}
}

/* All 3^count tears. */
static void try_all(unsigned depth, const struct disk_op *op, size_t grain_bytes)
{
	const size_t count = op->len_bytes / grain_bytes;
	uint8_t grain[GRAINS_MAX] = { OLD };
	size_t i;

	do {
		tear(&level[depth], op, grain_bytes, grain, 4711);
		check_state(depth, false);
		for (i = 0; i < count; i++) {
			if (++grain[i] < GRAIN_KINDS)
				break;
			grain[i] = OLD;
		}
	} while (i < count);
}

/* Torn once: before k one thing, behind k the other, and k itself anything. */
static void try_edges(unsigned depth, const struct disk_op *op, size_t grain_bytes)
{
	const size_t count = op->len_bytes / grain_bytes;
	uint8_t grain[GRAINS_MAX];

	for (size_t k = 0; k < count; k++)
		for (unsigned before = OLD; before <= NEW; before++)
			for (unsigned behind = OLD; behind <= NEW; behind++)
				for (unsigned at = OLD; at < GRAIN_KINDS; at++) {
					memset(grain, (int)before, k);
					memset(grain + k, (int)behind, count - k);
					grain[k] = (uint8_t)at;
					try_tear(depth, op, grain_bytes, grain);
				}
	memset(grain, GARBAGE, count);
	try_tear(depth, op, grain_bytes, grain);
}

static void try_any(unsigned depth, const struct disk_op *op, size_t grain_bytes)
{
	uint8_t grain[GRAINS_MAX];

	for (uint32_t seed = 1; seed <= 30; seed++) {
		disk_garbage(grain, sizeof(grain), seed);
		for (size_t i = 0; i < sizeof(grain); i++)
			grain[i] %= GRAIN_KINDS;
		try_tear(depth, op, grain_bytes, grain);
	}
}

static void try_tears(unsigned depth, const struct disk_op *op, bool all_tears)
{
	try_edges(depth, op, 4096);
	if (depth > 0)
		return;
	if (op->len_bytes == 4096)
		try_edges(depth, op, 512);
	try_any(depth, op, 512);
	if (all_tears && op->len_bytes == 4096)
		try_all(depth, op, 512);
}

/* Runs the action to its end, and then cuts it behind each write it made. */
static void cut_everywhere(void (*action)(void), unsigned depth, bool all_tears)
{
	struct level *l = &level[depth];
	unsigned long before = states;

	keep_copies(l);
	disk_listen(0);
	l->allowed.old = now;
	l->allowed.old_health = copies.health;
	action();
	assert_false(disk.dirty);
	assert_int_equal(copies.health, RECORD_GOOD);
	l->allowed.new = depth == 0 ? now : level[0].allowed.new;
	l->op_count = disk.op_count;
	memcpy(l->op, disk.op, sizeof(l->op[0]) * disk.op_count);
	for (unsigned i = 0; i < l->op_count; i++) {
		if (l->op[i].is_flush)
			continue;
		try_tears(depth, &l->op[i], all_tears && i == 1);
		memcpy(l->settled[l->op[i].offset_bytes / COPY_B_OFFSET_BYTES], l->op[i].data,
		       l->op[i].len_bytes);
	}
	/* It ran to its end: the new record and no other, in both copies. */
	put_copies_back(l);
	done = depth == 0 ? l->allowed.new : l->allowed.old;
	load();
	assert_true(same_record(&now, &done));
	assert_false(copies.repairable);
	assert_true(states > before);
}

/* A disk that holds a in copy A and b in copy B; NULL: zeros. */
static void begin(const struct record *a, const struct record *b)
{
	disk_zero();
	if (a)
		disk_put_record(0, a);
	if (b)
		disk_put_record(1, b);
	disk_listen(0);
	load();
	overwrite = false;
	older = NULL;
}

static void the_first_save(void **state)
{
	(void)state;
	sample_staging(&target);
	begin(NULL, NULL);
	cut_everywhere(save, 0, false);
	sample_long(&target, 600);
	begin(NULL, NULL);
	cut_everywhere(save, 0, false);

	/* After a first save that was cut already. */
	begin(NULL, NULL);
	disk_garbage(disk.cache, 512, 3);
	load();
	assert_int_equal(copies.health, RECORD_NEW);
	cut_everywhere(save, 0, false);
}

static struct record one, other;

static void a_save_over_two_good_copies(void **state)
{
	static const uint32_t extents[] = { 1, 300 };	/* one block and two */

	(void)state;
	for (size_t from = 0; from < ARRAY_SIZE(extents); from++)
		for (size_t to = 0; to < ARRAY_SIZE(extents); to++) {
			sample_long(&one, extents[from]);
			one.generation = 7;
			sample_long(&target, extents[to]);
			target.tries_left = 1;
			begin(&one, &one);
			cut_everywhere(save, 0, from == 0 && to == 0);
		}
}

/* One copy is older, zero or garbage: what is left of an earlier cut. */
static void a_save_and_a_repair_of_an_uneven_pair(void **state)
{
	static void (*const actions[])(void) = { save, repair };

	(void)state;
	sample_trial(&one);
	one.generation = 7;
	sample_long(&other, 300);
	other.generation = 6;
	sample_merging(&target);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		for (unsigned good = 0; good < COPIES_COUNT; good++) {
			begin(good == 0 ? &one : &other, good == 0 ? &other : &one);
			assert_int_equal(now.generation, 7);
			cut_everywhere(actions[i], 0, false);

			begin(good == 0 ? &one : NULL, good == 0 ? NULL : &one);
			cut_everywhere(actions[i], 0, false);

			begin(&one, &one);
			disk_garbage(disk.cache + disk_copy_at(1 - good), 4096, 9);
			load();
			cut_everywhere(actions[i], 0, false);
		}
}

/*
 * Told to write over damage: the damage, the idle record that it begins with or the new one, and nothing
 * that was there before it.
 */
static void a_save_over_damage(void **state)
{
	(void)state;
	sample_trial(&one);
	one.generation = 7;
	sample_merging(&target);
	sample_idle(&other);
	for (unsigned zero = 0; zero <= COPIES_COUNT; zero++) {
		begin(NULL, NULL);
		older = &other;
		for (unsigned i = 0; i < COPIES_COUNT; i++)
			if (i != zero)
				disk_garbage(disk.cache + disk_copy_at(i), RECORD_BYTES_MAX, i);
		load();
		assert_int_equal(copies.health, RECORD_DAMAGED);
		overwrite = true;
		cut_everywhere(save, 0, false);
	}
}

/*
 * A program is killed between a write and its flush, and the next one saves or repairs: the write that
 * only a cache holds must be durable before the other copy is touched.  (dev_write insists on it.)
 */
static void a_save_after_a_killed_one(void **state)
{
	static struct disk_op op[DISK_OPS_MAX];
	unsigned op_count;

	(void)state;
	sample_trial(&one);
	one.generation = 7;
	sample_merging(&target);
	begin(&one, &one);
	save();
	op_count = disk.op_count;
	memcpy(op, disk.op, sizeof(op));
	for (unsigned killed = 0; killed < op_count; killed++)
		for (unsigned repairs = 0; repairs < 2; repairs++) {
			begin(&one, &one);
			for (unsigned i = 0; i <= killed; i++) {
				disk.dirty = !op[i].is_flush;
				if (disk.dirty)
					memcpy(disk.cache + op[i].offset_bytes, op[i].data,
					       op[i].len_bytes);
			}
			load();
			assert_int_equal(copies.health, RECORD_GOOD);
			if (repairs && !copies.repairable)
				continue;
			sample_reverted(&target);
			cut_everywhere(repairs ? repair : save, 0, false);
			sample_merging(&target);
		}
}

static struct record held;
static struct copies held_copies;

/* As a program goes on whose save before this one failed: with what it holds, not with what it could load. */
static void save_again(void)
{
	now = held;
	copies = held_copies;
	save();
}

static void a_save_after_a_failed_one(void **state)
{
	(void)state;
	for (unsigned is_new = 0; is_new < 2; is_new++)
		for (unsigned k = 1;; k++) {
			int rc;

			sample_trial(&one);
			one.generation = 7;
			begin(is_new ? NULL : &one, is_new ? NULL : &one);
			one = now;
			older = &one;
			held_copies = copies;
			sample_merging(&held);
			held.generation = now.generation;
			disk_listen(k);
			rc = copies_save(&meta, &held, &held_copies, false);
			if (rc == 0)
				break;
			disk.dirty = false;
			disk_listen(0);
			sample_reverted(&target);
			load();
			cut_everywhere(save_again, 0, false);
		}
}

static int print_states(void **state)
{
	(void)state;
	print_message("%lu states after a cut\n", states);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_save),
		cmocka_unit_test(a_save_over_two_good_copies),
		cmocka_unit_test(a_save_and_a_repair_of_an_uneven_pair),
		cmocka_unit_test(a_save_over_damage),
		cmocka_unit_test(a_save_after_a_killed_one),
		cmocka_unit_test(a_save_after_a_failed_one),
	};

	return cmocka_run_group_tests(tests, NULL, print_states);
}
