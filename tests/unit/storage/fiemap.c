/* SPDX-License-Identifier: MIT */
/* Which extents may be mapped: each flag, holes, and joining. */
#include <errno.h>
#include <linux/fiemap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/bytes.h"
#include "base/fail.h"
#include "storage/fiemap.h"

#define MAX 4

static struct extent extents[MAX];

static struct fiemap_walk walk_of(uint64_t size_bytes)
{
	return (struct fiemap_walk){ .size_bytes = size_bytes, .extents = extents, .max = MAX };
}

static struct fiemap_extent piece(uint64_t logical, uint64_t physical, uint64_t len, uint32_t flags)
{
	return (struct fiemap_extent){ .fe_logical = logical, .fe_physical = physical,
				       .fe_length = len, .fe_flags = flags };
}

static void test_join(void **state)
{
	const struct fiemap_extent found[] = {
		piece(0, 8192, 4096, 0),
		piece(4096, 12288, 4096, FIEMAP_EXTENT_UNWRITTEN),
		piece(8192, 4096, 4096, FIEMAP_EXTENT_MERGED),		/* backwards: not joined */
		piece(12288, 1 << 20, 8192, FIEMAP_EXTENT_LAST),
	};
	struct fiemap_walk walk = walk_of(16384);

	(void)state;
	/* In two batches, as a long list comes. */
	assert_int_equal(fiemap_take(&walk, found, 1), 0);
	assert_int_equal(fiemap_take(&walk, found + 1, 3), 0);
	assert_int_equal(walk.count, 3);
	assert_true(extents[0].start_sectors == 16 && extents[0].size_sectors == 16);
	assert_true(extents[1].start_sectors == 8 && extents[1].size_sectors == 8);
	assert_true(extents[2].start_sectors == 2048 && extents[2].size_sectors == 16);
	assert_true(walk.next_bytes == 20480);	/* the last block reaches past the end */
}

static void refuse(const struct fiemap_extent *found, unsigned count, int want, const char *text)
{
	struct fiemap_walk walk = walk_of(8192);

	assert_int_equal(fiemap_take(&walk, found, count), want);
	assert_string_equal(fail_text(), text);
}

static void test_flags(void **state)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} bad[] = {
		{ FIEMAP_EXTENT_UNKNOWN, "of unknown place" },
		{ FIEMAP_EXTENT_DELALLOC, "not allocated yet" },
		{ FIEMAP_EXTENT_ENCODED, "encoded" },
		{ FIEMAP_EXTENT_DATA_ENCRYPTED, "encrypted" },
		{ FIEMAP_EXTENT_NOT_ALIGNED, "not aligned" },
		{ FIEMAP_EXTENT_DATA_INLINE, "inline" },
		{ FIEMAP_EXTENT_DATA_TAIL, "a packed tail" },
		{ FIEMAP_EXTENT_SHARED, "shared with another file" },
	};

	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct fiemap_extent found[] = {
			piece(0, 8192, 4096, 0),
			piece(4096, 1 << 20, 4096, bad[i].flag | FIEMAP_EXTENT_LAST),
		};

		(void)snprintf(text, sizeof(text), "the extent at byte 4096 of the file is %s",
			       bad[i].word);
		refuse(found, 2, -EINVAL, text);
	}
}

static void test_places(void **state)
{
	const struct fiemap_extent hole[] = { piece(0, 8192, 4096, 0), piece(8191, 9216, 512, 0) };
	const struct fiemap_extent head[] = { piece(4096, 8192, 4096, 0) };
	const struct fiemap_extent twice[] = { piece(0, 8192, 4096, 0), piece(0, 8192, 4096, 0) };
	const struct fiemap_extent nowhere[] = { piece(0, 0, 4096, FIEMAP_EXTENT_UNWRITTEN) };
	const struct fiemap_extent odd[] = { piece(0, 8191, 4096, 0) };
	const struct fiemap_extent odd_len[] = { piece(0, 8192, 100, 0) };
	const struct fiemap_extent empty[] = { piece(0, 8192, 0, 0) };
	const struct fiemap_extent endless[] = { piece(0, UINT64_MAX - 511, 1024, 0) };

	(void)state;
	refuse(hole, 2, -EINVAL, "a hole at byte 4096 of the file");
	refuse(head, 1, -EINVAL, "a hole at byte 0 of the file");
	refuse(twice, 2, -EINVAL, "two extents for byte 0 of the file");
	refuse(nowhere, 1, -EINVAL, "the extent at byte 0 of the file has no place");
	refuse(odd, 1, -EINVAL, "the extent at byte 0 of the file is not of whole sectors");
	refuse(odd_len, 1, -EINVAL, "the extent at byte 0 of the file is not of whole sectors");
	refuse(empty, 1, -EINVAL, "the extent at byte 0 of the file is not of whole sectors");
	refuse(endless, 1, -EINVAL, "the extent at byte 0 of the file has no end");
}

static void test_too_many(void **state)
{
	struct fiemap_extent found[MAX + 1];
	struct fiemap_walk walk = walk_of(4096 * (MAX + 1));

	(void)state;
	for (unsigned i = 0; i <= MAX; i++)
		found[i] = piece(i * 4096, (1 + 2 * i) * 4096, 4096, 0);
	assert_int_equal(fiemap_take(&walk, found, MAX), 0);
	assert_int_equal(walk.count, MAX);
	walk = walk_of(4096 * (MAX + 1));
	assert_int_equal(fiemap_take(&walk, found, MAX + 1), -E2BIG);
	assert_string_equal(fail_text(), "the file lies in more than 4 pieces");
}

/* Blocks reserved beyond the end are not asked about. */
static void test_beyond_the_end(void **state)
{
	const struct fiemap_extent found[] = {
		piece(0, 8192, 8192, 0),
		piece(16384, 0, 4096, FIEMAP_EXTENT_UNKNOWN),
	};
	struct fiemap_walk walk = walk_of(8192);

	(void)state;
	assert_int_equal(fiemap_take(&walk, found, 2), 0);
	assert_int_equal(walk.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
