/* SPDX-License-Identifier: MIT */
/*
 * The shipped crc32c goes bit by bit and would be most of the simulator's time.  These take eight
 * bytes at once, by the processor's own instruction where it has one, and are compared with the
 * shipped one before anything is simulated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "crc.h"
#include "disk.h"

uint32_t shipped_crc32c(uint32_t crc, const void *data, size_t len_bytes);

#define POLYNOMIAL 0x82f63b78u
#define LANE_WORDS_MIN 8u
#define LANE_WORDS_MAX 12288u

static uint32_t table[8][256];

static void begin(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? POLYNOMIAL : 0);
		table[0][i] = v;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xff];
}

static uint32_t by_table(uint32_t crc, const void *data, size_t len_bytes)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; len_bytes >= 8; len_bytes -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word)); /* the simulator's machine is little-endian */
		word ^= crc;
		crc = 0;
		for (int t = 0; t < 8; t++)
			crc ^= table[7 - t][word >> 8 * t & 0xff];
	}
	for (; len_bytes; len_bytes--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *data,
								 size_t len_bytes)
{
	const uint8_t *p = data;
	uint64_t sum = ~crc, word;

	for (; len_bytes >= 8; len_bytes -= 8, p += 8) {
		memcpy(&word, p, sizeof(word));
		sum = __builtin_ia32_crc32di(sum, word);
	}
	for (; len_bytes; len_bytes--, p++)
		sum = __builtin_ia32_crc32qi((uint32_t)sum, *p);
	return ~(uint32_t)sum;
}

typedef long long pair __attribute__((vector_size(16)));

/* The product of two polynomials, whose highest bit is that of x^0. */
static uint32_t product(uint32_t a, uint32_t b)
{
	uint32_t sum = 0;

	for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
		if (a & bit)
			sum ^= b;
		b = b >> 1 ^ (b & 1 ? POLYNOMIAL : 0);
	}
	return sum;
}

/* x^(bits of so many words, less 33): with that a sum goes on as over as many zeros. */
static uint32_t beyond(size_t words)
{
	static uint32_t known[LANE_WORDS_MAX + 1];
	uint32_t power = 1u << 30, result = 1u << 31; /* x^1, x^0 */

	if (known[words])
		return known[words];
	for (size_t n = 64 * words - 33; n; n >>= 1) {
		if (n & 1)
			result = product(result, power);
		power = product(power, power);
	}
	return known[words] = result;
}

/*
 * The instruction can begin every cycle, and takes three: so three parts are summed side by side,
 * and their sums put together by a multiplication.
 */
__attribute__((target("sse4.2,pclmul"))) static uint32_t side_by_side(uint32_t crc,
								      const void *data,
								      size_t len_bytes)
{
	const size_t words = len_bytes / 24;
	const uint8_t *p = data, *q = p + words * 8, *r = q + words * 8;
	const pair zeros = { beyond(words), 0 };
	uint64_t a = ~crc, b = 0, c = 0, word;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, p + i * 8, sizeof(word));
		a = __builtin_ia32_crc32di(a, word);
		memcpy(&word, q + i * 8, sizeof(word));
		b = __builtin_ia32_crc32di(b, word);
		memcpy(&word, r + i * 8, sizeof(word));
		c = __builtin_ia32_crc32di(c, word);
	}
	word = (uint64_t)__builtin_ia32_pclmulqdq128((pair){ (long long)a, 0 }, zeros, 0)[0];
	b ^= __builtin_ia32_crc32di(0, word);
	word = (uint64_t)__builtin_ia32_pclmulqdq128((pair){ (long long)b, 0 }, zeros, 0)[0];
	c ^= __builtin_ia32_crc32di(0, word);
	return by_instruction(~(uint32_t)c, p + words * 24, len_bytes - words * 24);
}

static uint32_t fastest(uint32_t crc, const void *data, size_t len_bytes)
{
	if (!__builtin_cpu_supports("sse4.2"))
		return by_table(crc, data, len_bytes);
	if (len_bytes < 24 * LANE_WORDS_MIN || len_bytes > 24 * LANE_WORDS_MAX ||
	    !__builtin_cpu_supports("pclmul"))
		return by_instruction(crc, data, len_bytes);
	return side_by_side(crc, data, len_bytes);
}
#else
static uint32_t fastest(uint32_t crc, const void *data, size_t len_bytes)
{
	return by_table(crc, data, len_bytes);
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t len_bytes)
{
	if (!table[0][1])
		begin();
	return fastest(crc, data, len_bytes);
}

void crc_check(void)
{
	static uint8_t buf[5000];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)mix64(i);
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; len < sizeof(buf) - from; len += len < 40 ? 1 : 313) {
			const uint32_t right = shipped_crc32c((uint32_t)len, buf + from, len);

			if (crc32c((uint32_t)len, buf + from, len) == right &&
			    by_table((uint32_t)len, buf + from, len) == right)
				continue;
			fprintf(stderr, "sim: its crc32c is not the shipped one\n");
			exit(1);
		}
}
