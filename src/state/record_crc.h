/* SPDX-License-Identifier: MIT */
/* The CRC that head and tail of the record both have, at byte 16 of their own bytes. */
#ifndef COWBOOT_STATE_RECORD_CRC_H
#define COWBOOT_STATE_RECORD_CRC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/crc32c.h"

#define RECORD_AT_CRC 16u

/* Of all of these bytes, its own four taken as zero. */
static inline uint32_t record_crc(const uint8_t *buf, size_t len_bytes)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32c(0, buf, RECORD_AT_CRC);

	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, buf + RECORD_AT_CRC + sizeof(zero),
		      len_bytes - RECORD_AT_CRC - sizeof(zero));
}

static inline uint32_t record_crc_of(const uint8_t *buf)
{
	return get_le32(buf + RECORD_AT_CRC);
}

#endif
