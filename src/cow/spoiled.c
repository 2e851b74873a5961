/* SPDX-License-Identifier: MIT */
/* A store's chunks, compared with the checksums that were kept of them. */
#include "cow/spoiled.h"

#include <errno.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fail.h"

struct search {
	const struct cow_source *store;
	uint64_t chunk_bytes;
	uint8_t *buf;
	size_t buf_bytes;
	struct cow_spoiled found;
};

static int compare(void *ctx, uint64_t index, const struct cow_kept_entry *entry)
{
	struct search *s = ctx;
	const uint64_t at = entry->new_chunk * s->chunk_bytes;
	uint32_t crc = 0;
	size_t len;

	(void)index;
	alive();
	for (uint64_t done = 0; done < s->chunk_bytes; done += len) {
		uint64_t left = s->chunk_bytes - done;
		int rc;

		len = left < s->buf_bytes ? (size_t)left : s->buf_bytes;
		rc = s->store->read(s->store->ctx, at + done, s->buf, len);
		if (rc)
			return rc;
		crc = crc32c(crc, s->buf, len);
	}
	if (crc == entry->crc)
		return 0;
	if (!s->found.chunks++)
		s->found.first_bytes = entry->old_chunk * s->chunk_bytes;
	return 0;
}

int cow_spoiled(const struct cow_source *store, const struct cow_source *kept, uint64_t exceptions,
		uint32_t chunk_sectors, const struct cow_scratch *scratch,
		struct cow_spoiled *ret_spoiled)
{
	/* Half for the list, half for the chunks. */
	const size_t half = scratch->buf_bytes / 2 / SECTOR_BYTES * SECTOR_BYTES;
	const struct cow_scratch walking = { .buf = scratch->buf, .buf_bytes = half };
	struct search s = {
		.store = store, .chunk_bytes = (uint64_t)chunk_sectors * SECTOR_BYTES,
		.buf = scratch->buf + half, .buf_bytes = half,
	};
	int rc;

	if (!half)
		return fail(EINVAL, "no buffers to compare with");
	rc = cow_kept_walk(kept, exceptions, &walking, compare, &s);
	if (!rc)
		*ret_spoiled = s.found;
	return rc;
}
