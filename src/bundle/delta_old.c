/* SPDX-License-Identifier: MIT */
/*
 * The old volume for a delta: its operations read here and there, mostly a few bytes, and often near
 * where they have read before.  So blocks are read whole and the last ones are kept.
 */
#include <string.h>

#include "bundle/delta_parts.h"

static unsigned least_used(const struct delta_old *old)
{
	unsigned least = 0;

	for (unsigned i = 1; i < OLD_BLOCKS; i++)
		if (old->used[i] < old->used[least])
			least = i;
	return least;
}

static int get_block(struct delta_old *old, uint64_t number, const uint8_t **ret_block)
{
	uint64_t at_bytes = number * OLD_BLOCK_BYTES, left = old->size_bytes - at_bytes;
	size_t len = left < OLD_BLOCK_BYTES ? (size_t)left : OLD_BLOCK_BYTES;
	unsigned i;
	int rc;

	for (i = 0; i < OLD_BLOCKS; i++)
		if (old->used[i] && old->number[i] == number)
			break;
	if (i == OLD_BLOCKS) {
		i = least_used(old);
		old->used[i] = 0;
		rc = old->source->read(old->source->ctx, at_bytes, old->block[i], len);
		if (rc)
			return rc;
		old->number[i] = number;
	}
	old->used[i] = ++old->clock;
	*ret_block = old->block[i];
	return 0;
}

int delta_old_add(struct delta_old *old, uint64_t at_bytes, uint8_t *out, size_t len_bytes)
{
	while (old->source && len_bytes) {
		size_t from = (size_t)(at_bytes % OLD_BLOCK_BYTES), len = OLD_BLOCK_BYTES - from;
		const uint8_t *block;
		int rc = get_block(old, at_bytes / OLD_BLOCK_BYTES, &block);

		if (rc)
			return rc;
		if (len > len_bytes)
			len = len_bytes;
		for (size_t i = 0; i < len; i++)
			out[i] = (uint8_t)(out[i] + block[from + i]);
		at_bytes += len;
		out += len;
		len_bytes -= len;
	}
	return 0;
}
