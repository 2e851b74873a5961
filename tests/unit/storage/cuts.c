/* SPDX-License-Identifier: MIT */
/*
 * The pattern of a test of cuts: each pass visits every block once, cuts_last finds what a search through
 * all writes finds, a disk is flushed often enough, and no bit of a sector or a head can change unseen.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "storage/cuts.h"

static struct cuts_round round_of(uint32_t number, uint64_t blocks)
{
	return (struct cuts_round){ "0123456789abcde", blocks, number };
}

static void test_passes(void **state)
{
	static const uint64_t sizes[] = { 64, 65, 97, 120, 128, 1000 };

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
		for (uint32_t number = 0; number < 9; number++) {
			struct cuts_round round = round_of(number, sizes[s]);

			for (uint64_t pass = 0; pass < 3; pass++) {
				uint8_t seen[1000] = { 0 };

				for (uint64_t i = 1; i <= sizes[s]; i++) {
					uint64_t b = cuts_block(&round, pass * sizes[s] + i);

					assert_true(b < sizes[s]);
					assert_int_equal(seen[b]++, 0);
					if (!number)
						assert_int_equal(b, i - 1);
				}
			}
		}
}

/* Against a table that is filled write by write. */
static void test_last(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < 6; number++) {
		struct cuts_round round = round_of(number, 70);
		uint64_t last[70] = { 0 };

		for (uint64_t write = 0; write <= 3 * 70 + 5; write++) {
			if (write)
				last[cuts_block(&round, write)] = write;
			for (uint64_t b = 0; b < 70; b++)
				assert_int_equal(cuts_last(&round, b, write), last[b]);
		}
	}
}

/* A board has two milliards of blocks at most; no number overflows there. */
static void test_large(void **state)
{
	struct cuts_round round = round_of(5, CUTS_BLOCKS_MAX);

	(void)state;
	for (uint64_t write = 1; write < UINT64_C(1) << 40; write = write * 3 + 1)
		assert_int_equal(cuts_last(&round, cuts_block(&round, write), write), write);
	round.blocks--;
	for (uint64_t write = 1; write < UINT64_C(1) << 40; write = write * 3 + 1)
		assert_int_equal(cuts_last(&round, cuts_block(&round, write), write), write);
}

static void test_rounds_differ(void **state)
{
	struct cuts_round one = round_of(1, 1000), other = round_of(2, 1000);
	unsigned same = 0, in_order = 0;

	(void)state;
	for (uint64_t write = 1; write < 1000; write++) {
		same += cuts_block(&one, write) == cuts_block(&other, write);
		in_order += cuts_block(&one, write + 1) == cuts_block(&one, write) + 1;
	}
	assert_true(same < 20);
	assert_true(in_order < 20);
	other.number = 4;
	in_order = 0;
	for (uint64_t write = 1; write < 1000; write++)
		in_order += cuts_block(&other, write + 1) == cuts_block(&other, write) + 1;
	assert_int_equal(in_order, 998);	/* it goes round once */
}

static void test_epochs(void **state)
{
	struct cuts_round round = round_of(1, 1000);
	uint64_t ends = 0, alone = 0, since = 0;

	(void)state;
	for (uint64_t write = 1; write <= 10000; write++) {
		bool begins = !since;

		since++;
		assert_true(since <= CUTS_EPOCH_MAX);
		assert_int_equal(cuts_alone(&round, write), begins && cuts_ends(&round, write));
		alone += cuts_alone(&round, write);
		assert_true(cuts_end(&round, write) >= write);
		assert_true(cuts_ends(&round, cuts_end(&round, write)));
		if (!cuts_ends(&round, write)) {
			assert_int_equal(cuts_end(&round, write), cuts_end(&round, write + 1));
			continue;
		}
		assert_int_equal(cuts_end(&round, write), write);
		since = 0;
		ends++;
	}
	assert_in_range(ends, 1000, 2000);
	assert_in_range(alone, 100, 300);
}

static void test_sector(void **state)
{
	struct cuts_round round = round_of(3, 1000);
	struct cuts_sector s;
	uint8_t buf[CUTS_BLOCK_BYTES];

	(void)state;
	cuts_fill(&round, 1234, 1200, buf);
	for (uint32_t place = 0; place < CUTS_BLOCK_SECTORS; place++) {
		uint8_t *sector = buf + place * 512;

		assert_int_equal(cuts_decode(sector, &s), 0);
		assert_memory_equal(s.id, round.id, CUTS_ID_BYTES);
		assert_int_equal(s.round, 3);
		assert_int_equal(s.place, place);
		assert_int_equal(s.write, 1234);
		assert_int_equal(s.block, cuts_block(&round, 1234));
		assert_int_equal(s.confirmed, 1200);
		for (size_t bit = 0; bit < 512 * 8; bit++) {
			sector[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(cuts_decode(sector, &s), -EBADMSG);
			sector[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		/* Half of this one and half of that one is none. */
		if (place) {
			uint8_t mixed[512];

			memcpy(mixed, sector, 256);
			memcpy(mixed + 256, sector - 256, 256);
			assert_int_equal(cuts_decode(mixed, &s), -EBADMSG);
		}
	}
}

static void test_head(void **state)
{
	struct cuts_head head = {
		.round = round_of(7, 4711), .phase = CUTS_WRITING, .generation = 12, .least = 99,
		.boot = "9a5c1c2e-7f6e-4a53-9a1c-6a3a6c9f3c11",
		.tally = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 },
	}, got;
	uint8_t buf[CUTS_HEAD_BYTES];

	(void)state;
	cuts_head_encode(&head, buf);
	assert_int_equal(cuts_head_decode(buf, &got), 0);
	assert_memory_equal(got.round.id, head.round.id, CUTS_ID_BYTES);
	assert_int_equal(got.round.blocks, 4711);
	assert_int_equal(got.round.number, 7);
	assert_int_equal(got.phase, CUTS_WRITING);
	assert_int_equal(got.generation, 12);
	assert_int_equal(got.least, 99);
	assert_string_equal(got.boot, head.boot);
	assert_memory_equal(&got.tally, &head.tally, sizeof(got.tally));
	assert_int_equal(got.tally.torn_sectors, 10);
	for (size_t bit = 0; bit < sizeof(buf) * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(cuts_head_decode(buf, &got), -EBADMSG);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	head.round.blocks = CUTS_BLOCKS_MIN - 1;
	cuts_head_encode(&head, buf);
	assert_int_equal(cuts_head_decode(buf, &got), -EBADMSG);
	head.round.blocks = CUTS_BLOCKS_MAX + 1;
	cuts_head_encode(&head, buf);
	assert_int_equal(cuts_head_decode(buf, &got), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_rounds_differ),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_sector),
		cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
