/* SPDX-License-Identifier: MIT */
/* Where stores go on a raw partition (src/update/room.c, room_place). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "update/room.h"

static int place(uint64_t start, uint64_t size, uint64_t align, const uint64_t *sizes, unsigned count,
		 struct extent *ret_extents, uint64_t *ret_need)
{
	const struct room room = { start, size, align, NULL, 0 };

	return room_place(&room, sizes, count, ret_extents, ret_need);
}

static void one_behind_another(void **unused)
{
	static const uint64_t sizes[] = { 1000, 24, 8 };
	struct extent extents[3];
	uint64_t need;

	(void)unused;
	assert_int_equal(place(2048, 4096, 128, sizes, 3, extents, &need), 0);
	assert_int_equal(extents[0].start_sectors, 0);
	assert_int_equal(extents[0].size_sectors, 1000);
	assert_int_equal(extents[1].start_sectors, 1024);
	assert_int_equal(extents[1].size_sectors, 24);
	assert_int_equal(extents[2].start_sectors, 1152);
	assert_int_equal(extents[2].size_sectors, 8);
	assert_int_equal(need, 1160);
}

/* The partition begins where it likes; what counts is the distance from the disk's start. */
static void aligned_on_the_disk(void **unused)
{
	static const uint64_t sizes[] = { 8, 8 };
	struct extent extents[2];
	uint64_t need;

	(void)unused;
	assert_int_equal(place(63, 4096, 128, sizes, 2, extents, &need), 0);
	assert_int_equal((63 + extents[0].start_sectors) % 128, 0);
	assert_int_equal(extents[0].start_sectors, 65);
	assert_int_equal((63 + extents[1].start_sectors) % 128, 0);
	assert_int_equal(extents[1].start_sectors, 193);
}

static void too_small(void **unused)
{
	static const uint64_t sizes[] = { 100, 100 };
	struct extent extents[2];
	uint64_t need = 0;

	(void)unused;
	assert_int_equal(place(128, 228, 128, sizes, 2, extents, &need), 0);
	assert_int_equal(place(128, 227, 128, sizes, 2, extents, &need), -ENOSPC);
	assert_int_equal(need, 228);
	assert_int_equal(place(1, 100, 128, sizes, 2, extents, &need), -ENOSPC);
	assert_int_equal(need, 127 + 128 + 100);
}

/*
 * For all small cases: inside, aligned, in order, none over another, and refused only when it must
 * be.
 */
static void exhaustive(void **unused)
{
	struct extent extents[3];
	uint64_t need;

	(void)unused;
	for (uint64_t start = 0; start < 9; start++) {
		for (uint64_t size = 0; size < 40; size++) {
			for (uint64_t align = 1; align < 6; align++) {
				const uint64_t sizes[] = { size % 7 + 1, start + 1, align };
				uint64_t end = 0;
				int rc = place(start, size, align, sizes, 3, extents, &need);

				assert_int_equal(rc, need <= size ? 0 : -ENOSPC);
				for (unsigned i = 0; !rc && i < 3; i++) {
					assert_int_equal((start + extents[i].start_sectors) % align,
							 0);
					assert_true(extents[i].start_sectors >= end);
					assert_true(extents[i].start_sectors < end + align);
					assert_int_equal(extents[i].size_sectors, sizes[i]);
					end = extents[i].start_sectors + sizes[i];
				}
				if (!rc)
					assert_int_equal(end, need);
			}
		}
	}
}

/* For all small cases with two pieces that are taken: nothing lies in them, and what fits is found. */
static void around_what_is_taken(void **unused)
{
	struct extent extents[2];
	uint64_t need;

	(void)unused;
	for (uint64_t a = 0; a < 20; a++) {
		for (uint64_t b = 0; b < 20; b++) {
			for (uint64_t align = 1; align < 5; align++) {
				const struct extent taken[] = { { a, 4 }, { b, 3 } };
				const struct room room = { 7, 24, align, taken, 2 };
				const uint64_t sizes[] = { 3, align };
				int rc = room_place(&room, sizes, 2, extents, &need);

				assert_int_equal(rc, need <= 24 ? 0 : -ENOSPC);
				for (unsigned i = 0; !rc && i < 2; i++) {
					const uint64_t from = extents[i].start_sectors;

					assert_int_equal((7 + from) % align, 0);
					for (unsigned k = 0; k < 2; k++)
						assert_true(from + sizes[i] <= taken[k].start_sectors ||
							    from >= taken[k].start_sectors +
								    taken[k].size_sectors);
				}
				if (!rc)
					assert_true(extents[1].start_sectors >=
						    extents[0].start_sectors + sizes[0]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_behind_another),
		cmocka_unit_test(aligned_on_the_disk),
		cmocka_unit_test(too_small),
		cmocka_unit_test(exhaustive),
		cmocka_unit_test(around_what_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
