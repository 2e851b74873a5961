/* SPDX-License-Identifier: MIT */
/* extents_align: by hand, and against its definition sector by sector. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "storage/extents.h"

static void assert_extent(const struct extent *e, uint64_t start, uint64_t size)
{
	assert_true(e->start_sectors == start);
	assert_true(e->size_sectors == size);
}

static void test_sector(void **state)
{
	struct extent e[] = { { 3, 5 }, { 11, 7 } };
	unsigned count = 2;
	uint64_t have = 0;

	(void)state;
	assert_int_equal(extents_align(e, &count, 63, 512, 12, &have), 0);
	assert_true(have == 12);
	assert_int_equal(count, 2);
	assert_extent(&e[0], 3, 5);
	assert_extent(&e[1], 11, 7);
	/* 0 is what some disks say; it means no wish. */
	assert_int_equal(extents_align(e, &count, 63, 0, 12, &have), 0);
	assert_extent(&e[0], 3, 5);
}

static void test_64k(void **state)
{
	/* The partition begins at 1 MiB, a multiple: only the extents' own place counts. */
	struct extent e[] = { { 128, 128 }, { 1032, 512 } };
	unsigned count = 2;
	uint64_t have;

	(void)state;
	assert_int_equal(extents_align(e, &count, 2048, 65536, 520, &have), 0);
	assert_true(have == 128 + 512 - 120);
	assert_int_equal(count, 2);
	assert_extent(&e[0], 128, 128);
	assert_extent(&e[1], 1152, 392);
}

static void test_odd_partition(void **state)
{
	/* Sector 63: the classic. 63 + 65 = 128. */
	struct extent e[] = { { 0, 256 } };
	unsigned count = 1;
	uint64_t have;

	(void)state;
	assert_int_equal(extents_align(e, &count, 63, 65536, 191, &have), 0);
	assert_extent(&e[0], 65, 191);
	e[0] = (struct extent){ 0, 256 };
	assert_int_equal(extents_align(e, &count, 63, 65536, 192, &have), -ENOSPC);
	assert_true(have == 191);
	assert_extent(&e[0], 0, 256);
	assert_int_equal(count, 1);
}

static void test_vanish(void **state)
{
	struct extent e[] = { { 1, 7 }, { 17, 7 }, { 32, 8 }, { 41, 3 }, { 64, 100 } };
	unsigned count = 5;
	uint64_t have;

	(void)state;
	assert_int_equal(extents_align(e, &count, 0, 4096, 10, &have), 0);
	assert_true(have == 108);
	assert_int_equal(count, 2);
	assert_extent(&e[0], 32, 8);
	assert_extent(&e[1], 64, 2);
}

static void test_nothing_left(void **state)
{
	struct extent e[] = { { 1, 7 }, { 9, 7 } };
	unsigned count = 2;
	uint64_t have = 99;

	(void)state;
	assert_int_equal(extents_align(e, &count, 0, 4096, 1, &have), -ENOSPC);
	assert_true(have == 0);
	count = 0;
	assert_int_equal(extents_align(e, &count, 0, 4096, 1, &have), -ENOSPC);
	assert_true(have == 0);
}

static void test_exact(void **state)
{
	struct extent e[] = { { 8, 8 }, { 32, 8 }, { 48, 8 } };
	unsigned count = 3;
	uint64_t have;

	(void)state;
	/* What is no more needed goes as a whole. */
	assert_int_equal(extents_align(e, &count, 0, 4096, 16, &have), 0);
	assert_int_equal(count, 2);
	assert_extent(&e[1], 32, 8);
}

/* An io_min that is no power of two: a RAID's chunk times its disks. */
static void test_not_a_power(void **state)
{
	struct extent e[] = { { 10, 1000 } };
	unsigned count = 1;
	uint64_t have;

	(void)state;
	assert_int_equal(extents_align(e, &count, 100, 3 * 65536, 900, &have), -ENOSPC);
	assert_true(have == 1000 - (384 - 110));
	assert_int_equal(extents_align(e, &count, 100, 3 * 65536, 700, &have), 0);
	assert_extent(&e[0], 284, 700);
}

/*
 * The definition: walk the file's sectors in order; in an extent, those before its first aligned
 * sector are left out; of the rest the first `need` are taken.
 */
static void check_by_sectors(const struct extent *in, unsigned in_count,
			     const struct extent *out, unsigned out_count, uint64_t part_start,
			     uint64_t unit, uint64_t need)
{
	unsigned o = 0;
	uint64_t at = 0, taken = 0;

	for (unsigned i = 0; i < in_count; i++) {
		bool open = false;

		for (uint64_t s = in[i].start_sectors; taken < need &&
		     s < in[i].start_sectors + in[i].size_sectors; s++) {
			open |= (part_start + s) % unit == 0;
			if (!open)
				continue;
			assert_true(o < out_count);
			assert_true(out[o].start_sectors + at == s);
			if (at == 0)
				assert_true((part_start + s) % unit == 0);
			taken++;
			if (++at == out[o].size_sectors) {
				o++;
				at = 0;
			}
		}
		assert_true(at == 0);
	}
	assert_true(taken == need);
	assert_int_equal(o, out_count);
}

static void test_random(void **state)
{
	static const uint32_t units[] = { 512, 4096, 65536, 3 * 4096 };

	(void)state;
	srand(2019);
	for (int round = 0; round < 3000; round++) {
		struct extent in[6], out[6];
		unsigned count = (unsigned)rand() % 7, kept = count;
		uint32_t io_min = units[rand() % 4];
		uint64_t part_start = (uint64_t)rand() % 300, have, none, at = 0;

		for (unsigned i = 0; i < count; i++) {
			in[i].start_sectors = at + (uint64_t)rand() % 300;
			in[i].size_sectors = 1 + (uint64_t)rand() % 300;
			at = in[i].start_sectors + in[i].size_sectors + 1;
		}
		memcpy(out, in, sizeof(in));
		assert_int_equal(extents_align(out, &kept, part_start, io_min, UINT64_MAX, &have),
				 -ENOSPC);
		for (uint64_t need = 0; need <= have; need += 1 + have / 3) {
			memcpy(out, in, sizeof(in));
			kept = count;
			assert_int_equal(extents_align(out, &kept, part_start, io_min, need, &none),
					 0);
			assert_true(none == have);
			check_by_sectors(in, count, out, kept, part_start, io_min / 512, need);
		}
		assert_int_equal(extents_align(in, &count, part_start, io_min, have + 1, &none),
				 -ENOSPC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sector),
		cmocka_unit_test(test_64k),
		cmocka_unit_test(test_odd_partition),
		cmocka_unit_test(test_vanish),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_not_a_power),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
