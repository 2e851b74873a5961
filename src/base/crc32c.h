/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C (Castagnoli, polynomial 0x1edc6f41 reflected), as in RFC 3720 appendix B.4 and ext4.
 */
#ifndef COWBOOT_BASE_CRC32C_H
#define COWBOOT_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of len_bytes bytes; crc is 0 to begin, or what an earlier call returned, to go on. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len_bytes);

#endif
