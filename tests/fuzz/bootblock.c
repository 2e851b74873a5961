/* SPDX-License-Identifier: MIT */
/* The boot block, its checksum mended: what is accepted is encoded to the same bytes again. */
#include "fuzz.h"

#include "base/crc32.h"
#include "loader/bootblock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	uint8_t buf[BOOTBLOCK_BYTES] = { 0 }, again[BOOTBLOCK_BYTES];
	struct loader_slots slots;
	uint32_t crc;
	bool read_only;

	if (len_bytes > sizeof(buf))
		len_bytes = sizeof(buf);
	if (len_bytes)
		memcpy(buf, data, len_bytes);
	crc = crc32_of(buf, sizeof(buf) - 4);
	for (unsigned i = 0; i < 4; i++)
		buf[sizeof(buf) - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
	if (bootblock_decode(buf, &slots, &read_only))
		return 0;
	must(!bootblock_encode(&slots, buf, again));
	must(!memcmp(buf, again, sizeof(buf)));
	return 0;
}
