/* SPDX-License-Identifier: MIT */
/* Uevents as text. Pure; must never read past the length: a netlink message may end anywhere. */
#include "storage/uevent.h"

#include <string.h>

static size_t piece_len(const char *p, size_t len_bytes)
{
	size_t len = 0;

	while (len < len_bytes && p[len] && p[len] != '\n')
		len++;
	return len;
}

bool uevent_value(const char *text, size_t len_bytes, const char *key, char *buf, size_t size_bytes)
{
	size_t key_len = strlen(key);

	while (len_bytes) {
		size_t len = piece_len(text, len_bytes);
		size_t step = len < len_bytes ? len + 1 : len;

		if (len > key_len && text[key_len] == '=' && memcmp(text, key, key_len) == 0) {
			size_t value_len = len - key_len - 1;

			if (value_len >= size_bytes)
				return false;
			memcpy(buf, text + key_len + 1, value_len);
			buf[value_len] = '\0';
			return true;
		}
		text += step;
		len_bytes -= step;
	}
	return false;
}

bool uevent_is_new_block(const char *msg, size_t len_bytes)
{
	char value[16];

	if (!uevent_value(msg, len_bytes, "SUBSYSTEM", value, sizeof(value)) ||
	    strcmp(value, "block") != 0)
		return false;
	return uevent_value(msg, len_bytes, "ACTION", value, sizeof(value)) &&
	       strcmp(value, "remove") != 0;
}
