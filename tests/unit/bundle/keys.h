/* SPDX-License-Identifier: MIT */
/* The keys and signatures of tests/golden/minisign, which minisign 0.11 has made. */
#ifndef COWBOOT_TESTS_KEYS_H
#define COWBOOT_TESTS_KEYS_H

#include <stdio.h>

#include "bundle/trust.h"

#define GOLDEN "tests/golden/minisign/"
#define ONE_ID "36E3127FFF7DE29F"

struct golden {
	char text[2048];
	size_t len_bytes;
};

static inline struct golden golden(const char *name)
{
	struct golden g = { .len_bytes = 0 };
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	g.len_bytes = fread(g.text, 1, sizeof(g.text) - 1, f);
	assert_int_equal(fclose(f), 0);
	return g;
}

static inline void trust_key(struct trust *t, const char *name)
{
	struct golden g = golden(name);

	assert_int_equal(trust_add(t, g.text, g.len_bytes), 0);
}

static inline void hash_of(const void *data, size_t len_bytes, uint8_t ret_hash[MINISIGN_HASH_BYTES])
{
	struct minisign_hash h;

	minisign_hash_begin(&h);
	minisign_hash_add(&h, data, len_bytes);
	minisign_hash_end(&h, ret_hash);
}

#endif
