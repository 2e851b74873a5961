/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C, eight bytes at a time ("slicing by 8"): a boot reads all merged chunks through it before
 * anything is mounted.  table[n][b] is the CRC of byte b with n zero bytes behind it.  The tables are
 * made at the first call, from the polynomial 0x82f63b78 (0x1edc6f41 reflected), so they cost no room in
 * the initramfs.  The same for the same bytes, always; not for two threads that both call it first.
 */
#include "base/crc32c.h"

#include "base/bytes.h"

#define POLYNOMIAL 0x82f63b78u
#define SLICES 8u

static uint32_t table[SLICES][256];

static void make_tables(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][b] = crc;
	}
	for (unsigned n = 1; n < SLICES; n++)
		for (unsigned b = 0; b < 256; b++)
			table[n][b] = table[n - 1][b] >> 8 ^ table[0][table[n - 1][b] & 255];
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len_bytes)
{
	const uint8_t *p = data;

	if (!table[0][1])
		make_tables();
	crc = ~crc;
	for (; len_bytes >= SLICES; p += SLICES, len_bytes -= SLICES) {
		uint32_t low = crc ^ get_le32(p), high = get_le32(p + 4);

		crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
		      table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
		      table[1][high >> 16 & 255] ^ table[0][high >> 24];
	}
	while (len_bytes--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return ~crc;
}
