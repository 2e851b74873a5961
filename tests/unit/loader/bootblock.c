/* SPDX-License-Identifier: MIT */
/*
 * The boot block: its bytes against tests/golden/bootblock, every byte changed, and its two copies
 * with each call failing and each write cut.  UPDATE_GOLDEN=1 writes the golden files anew: a change
 * of theirs is a change of the format, and of every boot script.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "base/crc32.h"
#include "loader/bootblock.h"
#include "../state/disk.h"

static const struct {
	const char *name;
	struct loader_slots block;
} samples[] = {
	{ "good-a", { 'a', 0, 0 } },
	{ "good-b", { 'b', 0, 0 } },
	{ "trial-b", { 'a', 'b', 3 } },
	{ "spent", { 'b', 'a', 0 } },
};

static const uint32_t copy_at[BOOTBLOCK_COPIES] = { 262144, 786432 };

static uint8_t buf[BOOTBLOCK_BYTES], golden[BOOTBLOCK_BYTES];
static bool read_only;

static bool same(const struct loader_slots *a, const struct loader_slots *b)
{
	return a->good == b->good && a->trial == b->trial && a->tries_left == b->tries_left;
}

static void golden_file(const char *name, const char *mode, size_t (*act)(FILE *))
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/bootblock/%s.hex", name);
	file = fopen(path, mode);
	assert_non_null(file);
	assert_true(act(file) > 0);
	assert_int_equal(fclose(file), 0);
}

/* As `xxd -r` takes it: an offset and sixteen bytes a line, lines of zeros left out. */
static size_t put_lines(FILE *file)
{
	size_t lines = 0;

	for (size_t at = 0; at < sizeof(buf); at += 16) {
		if (bytes_are_zero(buf + at, 16))
			continue;
		fprintf(file, "%08zx:", at);
		for (size_t i = 0; i < 16; i++)
			fprintf(file, " %02x", buf[at + i]);
		fprintf(file, "\n");
		lines++;
	}
	return lines;
}

static size_t get_lines(FILE *file)
{
	char line[128];
	size_t lines = 0;

	memset(golden, 0, sizeof(golden));
	for (; fgets(line, sizeof(line), file); lines++) {
		char *next;
		size_t at = strtoul(line, &next, 16);

		assert_true(at <= sizeof(golden) - 16 && *next++ == ':');
		for (size_t i = 0; i < 16; i++)
			golden[at + i] = (uint8_t)strtoul(next, &next, 16);
	}
	return lines;
}

static void the_crc_is_that_of_zlib_and_u_boot(void **state)
{
	(void)state;
	assert_int_equal(crc32_of("123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_of("", 0), 0);
}

static void encodes_to_the_golden_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct loader_slots back;

		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(bootblock_encode(&samples[i].block, NULL, buf), 0);
		if (getenv("UPDATE_GOLDEN"))
			golden_file(samples[i].name, "w", put_lines);
		golden_file(samples[i].name, "r", get_lines);
		assert_memory_equal(buf, golden, sizeof(buf));
		assert_int_equal(bootblock_decode(golden, &back, &read_only), 0);
		assert_true(same(&back, &samples[i].block));
	}
}

static void no_bit_may_change(void **state)
{
	struct loader_slots block = samples[2].block, back = { 0 };

	(void)state;
	for (unsigned bit = 0; bit < BOOTBLOCK_BYTES * 8; bit++) {
		assert_int_equal(bootblock_encode(&block, NULL, buf), 0);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(bootblock_decode(buf, &back, &read_only), -EBADMSG);
		assert_int_equal(back.good, 0);
	}
}

static void reseal(uint8_t *data)
{
	uint32_t crc = crc32_of(data, 508);

	for (unsigned i = 0; i < 4; i++)
		data[508 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* A block with a byte changed, and the CRC right again. */
static int decode_with(unsigned at, uint8_t value)
{
	struct loader_slots block = samples[2].block;

	assert_int_equal(bootblock_encode(&block, NULL, buf), 0);
	buf[at] = value;
	reseal(buf);
	return bootblock_decode(buf, &block, &read_only);
}

static void no_field_may_leave_its_bounds(void **state)
{
	(void)state;
	assert_int_equal(decode_with(11, 100), 0);
	assert_int_equal(decode_with(11, 101), -EBADMSG);
	assert_int_equal(decode_with(9, 'c'), -EBADMSG);
	assert_int_equal(decode_with(9, 'b'), -EBADMSG);	/* the trial's own slot */
	assert_int_equal(decode_with(10, 0), -EBADMSG);		/* tries, and nothing to try */
	assert_int_equal(decode_with(10, 'A'), -EBADMSG);
	assert_int_equal(decode_with(8, 0), -EBADMSG);
	assert_int_equal(decode_with(8, 3), -ENOTSUP);
	for (unsigned at = 12; at < 508; at++)
		assert_int_equal(decode_with(at, 1), -EBADMSG);
	assert_int_equal(bootblock_encode(&(struct loader_slots){ 'a', 'a', 1 }, NULL, buf), -EINVAL);
	assert_int_equal(bootblock_encode(&(struct loader_slots){ 0, 'a', 1 }, NULL, buf), -EINVAL);
}

/* A block of version 2, with that byte where one of a feature is. */
static int make_later(const struct loader_slots *block, unsigned at, uint8_t value)
{
	struct loader_slots back;

	assert_int_equal(bootblock_encode(block, NULL, buf), 0);
	buf[8] = 2;
	buf[at] = value;
	buf[100] = 0x77;	/* what the feature has there */
	reseal(buf);
	return bootblock_decode(buf, &back, &read_only);
}

static void features_say_what_may_be_done(void **state)
{
	(void)state;
	for (unsigned at = 12; at < 24; at++) {
		assert_int_equal(make_later(&samples[2].block, at, 0x40), at < 20 ? 0 : -ENOTSUP);
		if (at < 20)
			assert_int_equal(read_only, at >= 16);
	}
	/* In version 1 there are none. */
	for (unsigned at = 12; at < 24; at++)
		assert_int_equal(decode_with(at, 0x40), -EBADMSG);
}

static void a_trial_without_tries_is_not_started(void **state)
{
	(void)state;
	assert_int_equal(loader_next(&samples[1].block), 'b');
	assert_int_equal(loader_next(&samples[2].block), 'b');
	assert_int_equal(loader_next(&samples[3].block), 'b');
}

/* ---- the two copies ---- */

static void put(unsigned copy, const struct loader_slots *block)
{
	assert_int_equal(bootblock_encode(block, NULL, disk.cache + copy_at[copy]), 0);
}

static void the_first_that_can_be_used_counts(void **state)
{
	const struct loader_slots *a = &samples[0].block, *trial = &samples[2].block;
	struct loader_state found;

	(void)state;
	disk_zero();
	bootblocks_load(&meta, &found);
	assert_int_equal(found.health, LOADER_ABSENT);
	put(0, a);
	bootblocks_load(&meta, &found);
	assert_true(found.health == LOADER_GOOD && found.untidy && same(&found.slots, a));
	put(1, trial);
	bootblocks_load(&meta, &found);
	assert_true(found.health == LOADER_GOOD && found.untidy && same(&found.slots, a));
	disk.cache[copy_at[0] + 9] ^= 1;
	bootblocks_load(&meta, &found);
	assert_true(found.health == LOADER_GOOD && found.untidy && same(&found.slots, trial));
	disk_make_bad(copy_at[1], 512, true);
	bootblocks_load(&meta, &found);
	assert_int_equal(found.health, LOADER_DAMAGED);
	put(0, trial);
	disk_make_bad(copy_at[1], 512, false);
	bootblocks_load(&meta, &found);
	assert_true(found.health == LOADER_GOOD && !found.untidy);
}

static void a_later_version_is_never_written_over(void **state)
{
	struct loader_state found;

	(void)state;
	for (unsigned copy = 0; copy < BOOTBLOCK_COPIES; copy++) {
		disk_zero();
		put(1 - copy, &samples[0].block);
		assert_int_equal(decode_with(8, 3), -ENOTSUP);
		memcpy(disk.cache + copy_at[copy], buf, sizeof(buf));
		bootblocks_load(&meta, &found);
		assert_int_equal(found.health, LOADER_FOREIGN);
		assert_int_equal(bootblocks_save(&meta, &samples[1].block, &found), -EROFS);
		assert_int_equal(disk.op_count, 0);
	}
}

/* What this version does not know, and may pass over, is there afterwards as it was. */
static void a_compatible_feature_is_kept(void **state)
{
	struct loader_state found;

	(void)state;
	for (unsigned copy = 0; copy < BOOTBLOCK_COPIES; copy++) {
		disk_zero();
		assert_int_equal(make_later(&samples[0].block, 13, 0x02), 0);
		memcpy(disk.cache + copy_at[copy], buf, sizeof(buf));
		assert_int_equal(bootblocks_save(&meta, &samples[2].block, &found), 0);
		assert_true(same(&found.slots, &samples[2].block));
		assert_int_equal(make_later(&samples[2].block, 13, 0x02), 0);
		assert_memory_equal(disk.cache + copy_at[0], buf, sizeof(buf));
		assert_memory_equal(disk.cache + copy_at[1], buf, sizeof(buf));
	}
}

static void a_read_only_feature_is_never_written_over(void **state)
{
	struct loader_state found;

	(void)state;
	for (unsigned copy = 0; copy < BOOTBLOCK_COPIES; copy++) {
		disk_zero();
		put(1 - copy, &samples[0].block);
		assert_int_equal(make_later(&samples[0].block, 17, 0x02), 0);
		memcpy(disk.cache + copy_at[copy], buf, sizeof(buf));
		bootblocks_load(&meta, &found);
		assert_true(found.health == LOADER_GOOD && found.read_only);
		assert_true(same(&found.slots, &samples[0].block));
		assert_int_equal(bootblocks_save(&meta, &samples[1].block, &found), -EROFS);
		assert_true(found.health == LOADER_GOOD && found.read_only);
		assert_int_equal(disk.op_count, 0);
	}
}

static void saves_both_and_nothing_twice(void **state)
{
	struct loader_state found;

	(void)state;
	disk_zero();
	bootblocks_load(&meta, &found);
	assert_int_equal(bootblocks_save(&meta, &samples[2].block, &found), 0);
	assert_int_equal(disk.op_count, 4);
	assert_true(!disk.op[0].is_flush && disk.op[1].is_flush && !disk.op[2].is_flush &&
		    disk.op[3].is_flush);
	assert_int_equal(disk.op[0].offset_bytes, copy_at[0]);
	assert_int_equal(disk.op[2].offset_bytes, copy_at[1]);
	assert_int_equal(disk.op[0].len_bytes, 512);
	bootblocks_load(&meta, &found);
	assert_true(!found.untidy && same(&found.slots, &samples[2].block));
	assert_int_equal(bootblocks_save(&meta, &samples[2].block, &found), 0);
	/* What is there may be in a cache only: it is flushed, and not written. */
	assert_int_equal(disk.op_count, 5);
	assert_true(disk.op[4].is_flush);
}

/* The copy that counts last, or a cut could leave neither. */
static void what_counts_is_written_last(void **state)
{
	const struct loader_slots *old = &samples[0].block, *new = &samples[2].block;

	(void)state;
	for (unsigned damaged = 0; damaged < 3; damaged++) {
		struct loader_state found;

		disk_zero();
		put(0, old);
		put(1, old);
		if (damaged < 2)
			disk.cache[copy_at[damaged] + 100] = 1;
		bootblocks_load(&meta, &found);
		assert_int_equal(bootblocks_save(&meta, new, &found), 0);
		assert_int_equal(disk.op_count, 4);
		assert_int_equal(disk.op[0].offset_bytes, copy_at[damaged == 0 ? 0 : 1]);
		assert_int_equal(disk.op[2].offset_bytes, copy_at[damaged == 0 ? 1 : 0]);
		if (damaged == 2)
			continue;
		/* A repair leaves the good one alone. */
		disk.cache[copy_at[damaged] + 100] = 1;
		bootblocks_load(&meta, &found);
		disk_listen(0);
		assert_int_equal(bootblocks_save(&meta, new, &found), 0);
		assert_int_equal(disk.op_count, 2);
		assert_int_equal(disk.op[0].offset_bytes, copy_at[damaged]);
	}
}

/* Whatever fails, and however the first write is torn: the old block, or the new one. */
static void a_save_that_fails_leaves_old_or_new(void **state)
{
	const struct loader_slots *old = &samples[0].block, *new = &samples[2].block;

	(void)state;
	for (unsigned at = 1; at <= 4; at++) {
		struct loader_state found;

		disk_zero();
		put(0, old);
		put(1, old);
		bootblocks_load(&meta, &found);
		disk_listen(at);
		assert_int_equal(bootblocks_save(&meta, new, &found), -EIO);
		disk_listen(0);
		bootblocks_load(&meta, &found);
		assert_int_equal(found.health, LOADER_GOOD);
		assert_true(same(&found.slots, at < 3 ? old : new));
		assert_int_equal(bootblocks_save(&meta, new, &found), 0);
		assert_true(!found.untidy && same(&found.slots, new));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_crc_is_that_of_zlib_and_u_boot),
		cmocka_unit_test(encodes_to_the_golden_bytes),
		cmocka_unit_test(no_bit_may_change),
		cmocka_unit_test(no_field_may_leave_its_bounds),
		cmocka_unit_test(features_say_what_may_be_done),
		cmocka_unit_test(a_trial_without_tries_is_not_started),
		cmocka_unit_test(the_first_that_can_be_used_counts),
		cmocka_unit_test(a_later_version_is_never_written_over),
		cmocka_unit_test(a_compatible_feature_is_kept),
		cmocka_unit_test(a_read_only_feature_is_never_written_over),
		cmocka_unit_test(saves_both_and_nothing_twice),
		cmocka_unit_test(what_counts_is_written_last),
		cmocka_unit_test(a_save_that_fails_leaves_old_or_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
