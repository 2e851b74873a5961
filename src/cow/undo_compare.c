/* SPDX-License-Identifier: MIT */
/* Whether an undo store holds what it must.  Only reads. */
#include <errno.h>
#include <string.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fail.h"
#include "cow/undo.h"

struct comparing {
	const struct cow_source *store, *origin;
	uint64_t chunk_bytes;
	uint8_t *ours, *theirs;
	size_t piece_bytes;
};

/* Zeros behind its end. */
static int read_origin(const struct comparing *c, uint64_t at, size_t len)
{
	uint64_t there = at < c->origin->size_bytes ? c->origin->size_bytes - at : 0;
	size_t have = there < len ? (size_t)there : len;

	memset(c->theirs + have, 0, len - have);
	return have ? c->origin->read(c->origin->ctx, at, c->theirs, have) : 0;
}

static int compare_one(void *ctx, uint64_t index, const struct cow_kept_entry *entry)
{
	const struct comparing *c = ctx;
	uint32_t crc = 0;
	size_t len;

	alive();
	for (uint64_t at = 0; at < c->chunk_bytes; at += len) {
		uint64_t left = c->chunk_bytes - at;
		int rc;

		len = left < c->piece_bytes ? (size_t)left : c->piece_bytes;
		rc = c->store->read(c->store->ctx, entry->new_chunk * c->chunk_bytes + at, c->ours, len);
		if (!rc)
			rc = read_origin(c, entry->old_chunk * c->chunk_bytes + at, len);
		if (rc)
			return rc;
		if (!bytes_are_same(c->ours, c->theirs, len))
			return fail(EBADMSG, "exception %llu: it does not hold what lies on the volume",
				    (unsigned long long)index);
		crc = crc32c(crc, c->ours, len);
	}
	return crc == entry->crc ? 0 : fail(EBADMSG, "exception %llu: its checksum is wrong",
					    (unsigned long long)index);
}

int cow_undo_compare(const struct cow_source *store, const struct cow_source *kept,
		     const struct cow_source *origin, uint32_t chunk_sectors, uint64_t exceptions,
		     const struct cow_scratch *scratch)
{
	const size_t third = scratch->buf_bytes / 3 / SECTOR_BYTES * SECTOR_BYTES;
	const struct cow_scratch walking = { .buf = scratch->buf, .buf_bytes = third };
	struct comparing c = {
		.store = store, .origin = origin, .piece_bytes = third,
		.chunk_bytes = (uint64_t)chunk_sectors * SECTOR_BYTES,
		.ours = scratch->buf + third, .theirs = scratch->buf + 2 * third,
	};

	return cow_kept_walk(kept, exceptions, &walking, compare_one, &c);
}
