/* SPDX-License-Identifier: MIT */
/* The numbers of a delta, and the runs that its list is told by.  Pure. */
#include <errno.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/delta_parts.h"

int delta_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		uint8_t byte = *(*at)++;

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*ret_value = value;
		return 0;
	}
	return fail(EBADMSG, "a number in it is none");
}

static int wrong_runs(void)
{
	return fail(EBADMSG, "its list of chunks is not one of this volume");
}

int delta_check_runs(const struct bundle_volume *volume, const uint8_t *runs, size_t len_bytes)
{
	uint64_t chunk_bytes = (uint64_t)volume->chunk_sectors * SECTOR_BYTES;
	uint64_t chunks = volume->image_bytes / chunk_bytes + !!(volume->image_bytes % chunk_bytes);
	const uint8_t *end = runs + len_bytes;
	uint64_t next = 0, count = 0, gap, len;

	while (runs < end) {
		if (delta_varint(&runs, end, &gap) || delta_varint(&runs, end, &len))
			return -EBADMSG;
		if (gap > chunks - next || !len || len > chunks - next - gap)
			return wrong_runs();
		next += gap + len;
		count += len;
	}
	return count == volume->exceptions ? 0 : wrong_runs();
}

/* The next chunk of the list. Both numbers are there: the runs were checked. */
uint64_t delta_next_chunk(void *ctx)
{
	struct delta_runs *runs = ctx;
	uint64_t gap = 0;

	if (!runs->left) {
		(void)delta_varint(&runs->at, runs->end, &gap);
		(void)delta_varint(&runs->at, runs->end, &runs->left);
		runs->next_chunk += gap;
	}
	runs->left--;
	return runs->next_chunk++;
}
