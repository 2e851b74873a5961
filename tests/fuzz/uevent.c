/* SPDX-License-Identifier: MIT */
/* A uevent from netlink or sysfs, which may end anywhere. */
#include "fuzz.h"

#include "storage/uevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static const char *const keys[] = { "PARTUUID", "PARTNAME", "PARTN", "DEVNAME", "DEVTYPE", "" };
	uint8_t *copy = fuzz_copy(data, len_bytes);
	char value[16];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (uevent_value((const char *)copy, len_bytes, keys[i], value, sizeof(value)))
			must(memchr(value, 0, sizeof(value)));
	(void)uevent_is_new_block((const char *)copy, len_bytes);
	free(copy);
	return 0;
}
