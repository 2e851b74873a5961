/* SPDX-License-Identifier: MIT */
/* Comparing bytes with a file of tests/golden/store/, which tests/host/model.py has made. */
#ifndef COWBOOT_TESTS_COW_GOLDEN_H
#define COWBOOT_TESTS_COW_GOLDEN_H

#include <stdio.h>

#include "memory.h"

#include "base/bytes.h"

/* A store as text: its size, then each 16 bytes that are neither zero nor as the 16 before. */
static inline char *hex_text(const struct memory *store)
{
	size_t size = 32 + store->len_bytes / 16 * 48, len;
	char *text = malloc(size);

	assert_non_null(text);
	len = (size_t)snprintf(text, size, "size %zu\n", store->len_bytes);
	for (size_t at = 0; at < store->len_bytes; at += 16) {
		if (bytes_are_zero(store->data + at, 16) ||
		    (at && !memcmp(store->data + at, store->data + at - 16, 16)))
			continue;
		len += (size_t)snprintf(text + len, size - len, "%08zx ", at);
		for (size_t i = 0; i < 16; i++)
			len += (size_t)snprintf(text + len, size - len, "%02x",
						store->data[at + i]);
		len += (size_t)snprintf(text + len, size - len, "\n");
	}
	return text;
}

static inline void assert_golden(const struct memory *got, const char *path)
{
	char *text = hex_text(got);
	char *want = calloc(1, strlen(text) + 2);
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(want);
	assert_non_null(f);
	len = fread(want, 1, strlen(text) + 1, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(len, strlen(text));
	assert_string_equal(text, want);
	free(text);
	free(want);
}

#endif
