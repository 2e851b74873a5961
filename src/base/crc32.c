/* SPDX-License-Identifier: MIT */
/* Bit by bit: it is for one sector in a boot. Pure. */
#include "base/crc32.h"

#define POLYNOMIAL 0xedb88320u /* reflected */

uint32_t crc32_of(const void *data, size_t len_bytes)
{
	const uint8_t *bytes = data;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len_bytes; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
	}
	return ~crc;
}
