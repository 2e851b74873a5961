/* SPDX-License-Identifier: MIT */
/* CRC-32 of IEEE 802.3: the GPT's, and what zlib and the crc32 command of U-Boot compute. Pure. */
#ifndef COWBOOT_BASE_CRC32_H
#define COWBOOT_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of "123456789" it is 0xcbf43926. */
uint32_t crc32_of(const void *data, size_t len_bytes);

/* The same in pieces: crc is that of all bytes before these, and 0 to begin. */
uint32_t crc32_add(uint32_t crc, const void *data, size_t len_bytes);

#endif
