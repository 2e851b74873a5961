/* SPDX-License-Identifier: MIT */
/*
 * The pattern: numbers of writes to blocks and back, and the bytes of a sector.  Everything follows from
 * the test's id, the round and the number of the write; nothing is remembered.
 */
#include "storage/cuts.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

#define MAGIC "COWCUTS1"
#define AT_ID 8u
#define AT_ROUND 24u
#define AT_PLACE 28u
#define AT_WRITE 32u
#define AT_BLOCK 40u
#define AT_CONFIRMED 48u
#define AT_FILL 56u
#define AT_CRC 508u

#define EPOCH_MEAN 8u
#define IN_ORDER_EVERY 4u	/* one round in so many goes through the blocks as they lie */

/* splitmix64's last step: each bit of x counts for each bit of what comes out. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t chance(const struct cuts_round *round, uint64_t x)
{
	return mix(mix(get_le64(round->id) ^ round->number) ^ x);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The number that, multiplied by a, is 1 modulo n; a and n have no common factor, n < 2^32. */
static uint64_t inverse(uint64_t a, uint64_t n)
{
	int64_t r0 = (int64_t)n, r1 = (int64_t)(a % n), t0 = 0, t1 = 1;

	while (r1) {
		int64_t quotient = r0 / r1, r2 = r0 - quotient * r1, t2 = t0 - quotient * t1;

		r0 = r1;
		r1 = r2;
		t0 = t1;
		t1 = t2;
	}
	return (uint64_t)(t0 < 0 ? t0 + (int64_t)n : t0);
}

/* The order in which a pass goes through the blocks: the i-th is step * i + first, modulo their number. */
struct order {
	uint64_t step, first;
};

static struct order order_of(const struct cuts_round *round, uint64_t pass)
{
	uint64_t n = round->blocks;
	struct order o = { 1, 0 };

	if (!round->number)
		return o;
	o.first = chance(round, ~pass * 2) % n;
	if (round->number % IN_ORDER_EVERY == 0)
		return o;
	o.step = n / 4 + chance(round, ~pass * 2 + 1) % (n / 2);
	while (gcd(o.step, n) != 1)	/* ends soon: n has few prime factors */
		o.step++;
	return o;
}

uint64_t cuts_block(const struct cuts_round *round, uint64_t write)
{
	uint64_t n = round->blocks, pass = (write - 1) / n, i = (write - 1) % n;
	struct order o = order_of(round, pass);

	return (o.step % n * i + o.first) % n;
}

static uint64_t write_in_pass(const struct cuts_round *round, uint64_t block, uint64_t pass)
{
	uint64_t n = round->blocks;
	struct order o = order_of(round, pass);
	uint64_t i = (block + n - o.first) % n * inverse(o.step % n, n) % n;

	return pass * n + i + 1;
}

uint64_t cuts_last(const struct cuts_round *round, uint64_t block, uint64_t upto)
{
	uint64_t pass, write;

	if (!upto)
		return 0;
	pass = (upto - 1) / round->blocks;
	write = write_in_pass(round, block, pass);
	if (write <= upto)
		return write;
	return pass ? write_in_pass(round, block, pass - 1) : 0;
}

bool cuts_ends(const struct cuts_round *round, uint64_t write)
{
	return write % CUTS_EPOCH_MAX == 0 || chance(round, write) % EPOCH_MEAN == 0;
}

bool cuts_alone(const struct cuts_round *round, uint64_t write)
{
	return cuts_ends(round, write) && (write == 1 || cuts_ends(round, write - 1));
}

uint64_t cuts_end(const struct cuts_round *round, uint64_t write)
{
	while (!cuts_ends(round, write))	/* at most CUTS_EPOCH_MAX times */
		write++;
	return write;
}

static void fill_sector(const struct cuts_round *round, uint64_t write, uint64_t confirmed,
			uint32_t place, uint8_t *buf)
{
	uint64_t state = chance(round, write * CUTS_BLOCK_SECTORS + place);

	memcpy(buf, MAGIC, 8);
	memcpy(buf + AT_ID, round->id, CUTS_ID_BYTES);
	put_le32(buf + AT_ROUND, round->number);
	put_le32(buf + AT_PLACE, place);
	put_le64(buf + AT_WRITE, write);
	put_le64(buf + AT_BLOCK, cuts_block(round, write));
	put_le64(buf + AT_CONFIRMED, confirmed);
	/* No two sectors alike, so that no disk stores them as one, or packs them. */
	for (size_t at = AT_FILL; at + 8 <= AT_CRC; at += 8)
		put_le64(buf + at, state = mix(state));
	memset(buf + (AT_CRC - 4), 0, 4);
	put_le32(buf + AT_CRC, crc32c(0, buf, AT_CRC));
}

void cuts_fill(const struct cuts_round *round, uint64_t write, uint64_t confirmed,
	       uint8_t buf[CUTS_BLOCK_BYTES])
{
	for (uint32_t place = 0; place < CUTS_BLOCK_SECTORS; place++)
		fill_sector(round, write, confirmed, place, buf + place * SECTOR_BYTES);
}

int cuts_decode(const uint8_t buf[512], struct cuts_sector *ret_sector)
{
	if (memcmp(buf, MAGIC, 8) || get_le32(buf + AT_CRC) != crc32c(0, buf, AT_CRC))
		return -EBADMSG;
	memcpy(ret_sector->id, buf + AT_ID, CUTS_ID_BYTES);
	ret_sector->round = get_le32(buf + AT_ROUND);
	ret_sector->place = get_le32(buf + AT_PLACE);
	ret_sector->write = get_le64(buf + AT_WRITE);
	ret_sector->block = get_le64(buf + AT_BLOCK);
	ret_sector->confirmed = get_le64(buf + AT_CONFIRMED);
	return 0;
}
