/* SPDX-License-Identifier: MIT */
/*
 * The verdict over disks that are known: a model with a cache, which may lie about flushes, keep any part
 * of what is in its cache, and tear. An honest one is never blamed; what another has lost is counted
 * exactly, as far as anything that was kept shows that it was confirmed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "storage/cutsjudge.h"

#define BLOCKS 100u
#define WRITES_MAX 2000u

struct disk {
	uint8_t medium[BLOCKS][CUTS_BLOCK_BYTES];
	uint8_t cache[WRITES_MAX][CUTS_BLOCK_BYTES];	/* in order, as they came */
	uint64_t cached[WRITES_MAX];			/* their blocks */
	unsigned count;
	bool lies;
	uint64_t random;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void disk_write(struct disk *d, uint64_t block, const uint8_t *data)
{
	assert_true(d->count < WRITES_MAX);
	memcpy(d->cache[d->count], data, CUTS_BLOCK_BYTES);
	d->cached[d->count++] = block;
}

static void disk_flush(struct disk *d)
{
	if (d->lies)
		return;
	for (unsigned i = 0; i < d->count; i++)
		memcpy(d->medium[d->cached[i]], d->cache[i], CUTS_BLOCK_BYTES);
	d->count = 0;
}

/* What is in the cache is kept, lost, or kept in part. */
static void disk_cut(struct disk *d, bool tears)
{
	for (unsigned i = 0; i < d->count; i++) {
		uint8_t *to = d->medium[d->cached[i]];
		uint64_t fate = next_random(&d->random) % (tears ? 4 : 2);
		size_t part = next_random(&d->random) % 8 * 512;

		if (fate == 0)
			memcpy(to, d->cache[i], CUTS_BLOCK_BYTES);
		else if (fate == 2)
			memcpy(to + part, d->cache[i] + part, CUTS_BLOCK_BYTES - part);
		else if (fate == 3)
			memcpy(to, d->cache[i], part + 256);
	}
	d->count = 0;
}

static const uint8_t id[CUTS_ID_BYTES] = "0123456789abcde";

static struct disk *disk_new(uint64_t seed, bool lies)
{
	struct disk *d = calloc(1, sizeof(*d));
	struct cuts_round round = { "", BLOCKS, 0 };

	assert_non_null(d);
	d->random = seed * 2654435761u + 1;
	memcpy(round.id, id, sizeof(id));
	for (uint64_t write = 1; write <= BLOCKS; write++)
		cuts_fill(&round, write, 0, d->medium[write - 1]);
	d->lies = lies;
	return d;
}

/* Writes until so many writes are made; the last one that was confirmed. */
static uint64_t play(struct disk *d, const struct cuts_round *round, uint64_t writes)
{
	uint64_t confirmed = 0;

	for (uint64_t write = 1; write <= writes; write++) {
		uint8_t buf[CUTS_BLOCK_BYTES];

		cuts_fill(round, write, confirmed, buf);
		disk_write(d, cuts_block(round, write), buf);
		if (cuts_ends(round, write)) {
			disk_flush(d);
			confirmed = write;
		}
	}
	return confirmed;
}

static struct cuts_reach look(const struct disk *d)
{
	struct cuts_reach reach = { 0 };

	for (uint64_t b = 0; b < BLOCKS; b++)
		cuts_look(id, d->medium[b], &reach);
	return reach;
}

static struct cuts_judge judge(const struct disk *d, const struct cuts_round *round,
			       uint64_t confirmed)
{
	struct cuts_reach reach = look(d);
	struct cuts_judge j;

	cuts_judge_begin(&j, round, &reach, confirmed);
	for (uint64_t b = 0; b < BLOCKS; b++)
		(void)cuts_judge_block(&j, b, d->medium[b], 0);
	return j;
}

/* As after each round: what is nothing is written anew. */
static void renew(struct disk *d, struct cuts_judge j)
{
	for (uint64_t b = 0; b < BLOCKS; b++)
		if (cuts_judge_block(&j, b, d->medium[b], 0))
			cuts_renew(&j.round, b, d->medium[b]);
}

/* Blocks in which some sector is whole, and older than the last write up to that one. */
static uint64_t count_lost(const struct disk *d, const struct cuts_round *round, uint64_t upto)
{
	uint64_t lost = 0, last[BLOCKS] = { 0 };

	for (uint64_t write = 1; write <= upto; write++)
		last[cuts_block(round, write)] = write;
	for (uint64_t b = 0; b < BLOCKS; b++) {
		bool old = false;

		for (size_t at = 0; at < CUTS_BLOCK_BYTES && last[b]; at += 512) {
			struct cuts_sector s;

			if (!cuts_decode(d->medium[b] + at, &s))
				old = old || s.round < round->number || s.write < last[b];
		}
		lost += old;
	}
	return lost;
}

static struct cuts_round round_of(uint32_t number)
{
	struct cuts_round round = { "", BLOCKS, number };

	memcpy(round.id, id, sizeof(id));
	return round;
}

/* Several rounds after each other, cut anywhere, with every fate of what was in the cache. */
static void test_honest(void **state)
{
	uint64_t kept = 0, passed_over = 0, partial = 0, torn = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct disk *d = disk_new(seed, false);

		for (uint32_t number = 1; number <= 4; number++) {
			struct cuts_round round = round_of(number);
			uint64_t confirmed = play(d, &round, next_random(&d->random) % 700);
			struct cuts_judge j;

			disk_cut(d, seed % 2);
			j = judge(d, &round, confirmed);
			assert_false(cuts_is_bad(&j.verdict));
			assert_int_equal(j.confirmed, confirmed);
			j = judge(d, &round, 0);
			assert_false(cuts_is_bad(&j.verdict));
			assert_true(j.confirmed <= confirmed);
			kept += j.verdict.kept;
			passed_over += j.verdict.passed_over;
			partial += j.verdict.partial;
			torn += j.verdict.torn_sectors;
			renew(d, j);
		}
		free(d);
	}
	assert_true(kept > 20 && passed_over > 20 && partial > 10 && torn > 5);
}

static void test_liar(void **state)
{
	unsigned found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct disk *d = disk_new(seed, true);
		struct cuts_round round = round_of(1);
		uint64_t confirmed = play(d, &round, 50 + next_random(&d->random) % 500);
		struct cuts_judge j;
		uint64_t lost;

		disk_cut(d, false);
		/* With the log's word nothing is missed. */
		j = judge(d, &round, confirmed);
		lost = count_lost(d, &round, confirmed);
		assert_int_equal(j.verdict.lost_flushed + j.verdict.lost_alone, lost);
		assert_int_equal(j.verdict.spoiled, 0);
		assert_int_equal(cuts_is_bad(&j.verdict), lost > 0);
		/* Alone, as much as the writes that were kept can tell. */
		j = judge(d, &round, 0);
		assert_true(j.confirmed <= confirmed);
		lost = count_lost(d, &round, j.confirmed);
		assert_int_equal(j.verdict.lost_flushed + j.verdict.lost_alone, lost);
		if (cuts_is_bad(&j.verdict)) {
			found++;
			assert_true(j.verdict.first_lost && j.verdict.first_lost <= j.confirmed);
			assert_int_equal(cuts_block(&round, j.verdict.first_lost),
					 j.verdict.first_block);
		}
		free(d);
	}
	assert_int_equal(found, 40);
}

/* A disk that keeps the order and loses the end: only somebody else knows. */
static void test_end_lost(void **state)
{
	struct disk *d = disk_new(1, false);
	struct cuts_round round = round_of(1);
	uint64_t confirmed = play(d, &round, 400);
	struct cuts_judge j;

	(void)state;
	free(d);
	d = disk_new(1, false);
	play(d, &round, 200);		/* what is left of the 400 */
	disk_cut(d, false);
	j = judge(d, &round, 0);
	assert_false(cuts_is_bad(&j.verdict));
	assert_true(j.confirmed < 250);
	j = judge(d, &round, confirmed);
	assert_true(cuts_is_bad(&j.verdict));
	assert_int_equal(j.verdict.lost_flushed + j.verdict.lost_alone,
			 count_lost(d, &round, confirmed));
	free(d);
}

/* Nothing of the round is there at all, or it is another round. */
static void test_round_lost(void **state)
{
	struct disk *d = disk_new(1, false);
	struct cuts_round round = round_of(1);
	struct cuts_judge j = judge(d, &round, 0);

	(void)state;
	assert_false(cuts_is_bad(&j.verdict));
	j = judge(d, &round, 64);
	assert_int_equal(j.verdict.lost_flushed + j.verdict.lost_alone, 64);
	play(d, &round, 300);
	round.number = 2;
	assert_int_equal(look(d).round, 1);
	j = judge(d, &round, 40);
	assert_int_equal(j.verdict.lost_flushed + j.verdict.lost_alone, 40);
	assert_true(j.verdict.lost_alone > 0);
	free(d);
}

static void test_spoiled(void **state)
{
	struct disk *d = disk_new(1, false);
	struct cuts_round round = round_of(1);
	struct cuts_judge j;
	uint64_t confirmed;
	uint8_t held[CUTS_BLOCK_BYTES];
	uint64_t victim;

	(void)state;
	confirmed = play(d, &round, 300);
	disk_cut(d, false);
	victim = cuts_block(&round, confirmed - 50);
	assert_int_equal(judge(d, &round, 0).verdict.spoiled, 0);
	memcpy(held, d->medium[victim], sizeof(held));

	d->medium[victim][700] ^= 1;			/* a bit */
	j = judge(d, &round, 0);
	assert_int_equal(j.verdict.spoiled, 1);
	assert_int_equal(j.verdict.first_block, victim);
	memcpy(d->medium[victim], d->medium[(victim + 1) % BLOCKS], sizeof(held));	/* a neighbour */
	assert_int_equal(judge(d, &round, 0).verdict.spoiled, 1);
	memcpy(d->medium[victim], held, 512);		/* a sector in another's place */
	memcpy(d->medium[victim] + 512, held, 512);
	memcpy(d->medium[victim] + 1024, held + 1024, sizeof(held) - 1024);
	assert_int_equal(judge(d, &round, 0).verdict.spoiled, 1);
	memset(d->medium[victim], 0, sizeof(held));	/* what was trimmed */
	assert_int_equal(judge(d, &round, 0).verdict.spoiled, 1);

	memcpy(d->medium[victim], held, sizeof(held));
	assert_true(cuts_judge_block(&j, victim, d->medium[victim], 0x81));
	assert_int_equal(j.verdict.unreadable, 2);
	assert_int_equal(j.verdict.spoiled, 2);
	free(d);
}

/* Blocks of a test that was there before are not this one's. */
static void test_other_test(void **state)
{
	struct disk *d = disk_new(1, false);
	struct cuts_round other = round_of(9), round = round_of(1);

	(void)state;
	other.id[0] ^= 1;
	cuts_fill(&other, 5000, 4999, d->medium[3]);
	assert_int_equal(look(d).round, 0);
	assert_int_equal(look(d).confirmed, 0);
	assert_int_equal(judge(d, &round, 0).verdict.spoiled, 1);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_liar),
		cmocka_unit_test(test_end_lost),
		cmocka_unit_test(test_round_lost),
		cmocka_unit_test(test_spoiled),
		cmocka_unit_test(test_other_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
