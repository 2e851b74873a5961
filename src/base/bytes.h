/* SPDX-License-Identifier: MIT */
/*
 * Little-endian numbers in byte buffers.  Every on-disk format of cowboot goes through here; no
 * struct is ever written to a disk as it lies in memory.
 */
#ifndef COWBOOT_BASE_BYTES_H
#define COWBOOT_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SECTOR_BYTES 512u
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return (uint64_t)get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

/* Whether they are the same, by words: for many bytes, which memcmp of a small libc takes one by one. */
static inline bool bytes_are_same(const uint8_t *a, const uint8_t *b, size_t len_bytes)
{
	uint64_t x, y;

	for (; len_bytes >= sizeof(x); a += sizeof(x), b += sizeof(y), len_bytes -= sizeof(x)) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		if (x != y)
			return false;
	}
	return memcmp(a, b, len_bytes) == 0;
}

/* Whether all len_bytes bytes are zero. */
static inline bool bytes_are_zero(const uint8_t *p, size_t len_bytes)
{
	return len_bytes == 0 || (p[0] == 0 && memcmp(p, p + 1, len_bytes - 1) == 0);
}

#endif
