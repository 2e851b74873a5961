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

static uint32_t table[8][256];

static void begin(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0x82f63b78u : 0);
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

static bool has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
#define by_instruction by_table
static bool has_instruction(void)
{
	return false;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t len_bytes)
{
	if (!table[0][1])
		begin();
	return has_instruction() ? by_instruction(crc, data, len_bytes) :
				   by_table(crc, data, len_bytes);
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
