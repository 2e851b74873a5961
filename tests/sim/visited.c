/* SPDX-License-Identifier: MIT */
/* Open addressing; the lowest three bits of a slot hold the value, the others the key. */
#include "visited.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUE 7u

static uint64_t *slots;
static uint64_t size, used;

static void grow(uint64_t to)
{
	uint64_t *old = slots, old_size = size;

	slots = calloc(to, sizeof(*slots));
	if (!slots) {
		fprintf(stderr, "sim: no memory for %llu states\n", (unsigned long long)to);
		abort();
	}
	size = to;
	used = 0;
	for (uint64_t i = 0; i < old_size; i++)
		if (old[i])
			visited_put(old[i] & ~(uint64_t)VALUE, old[i] & VALUE);
	free(old);
}

void visited_clear(void)
{
	free(slots);
	slots = NULL;
	size = 0;
	grow(1u << 16);
}

static uint64_t *slot_of(uint64_t key)
{
	uint64_t i = (key >> 3) & (size - 1);

	while (slots[i] && (slots[i] ^ key) & ~(uint64_t)VALUE)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

unsigned visited_get(uint64_t key)
{
	return *slot_of(key) & VALUE;
}

void visited_put(uint64_t key, unsigned value)
{
	uint64_t *slot = slot_of(key);

	if (!*slot && ++used * 2 > size) {
		grow(size * 2);
		slot = slot_of(key);
	}
	if ((*slot & VALUE) < value)
		*slot = (key & ~(uint64_t)VALUE) | value;
}
