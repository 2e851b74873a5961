/* SPDX-License-Identifier: MIT */
/*
 * The kept list of a store that is being laid down (cow/kept.h).  Serves I15: after a merge it is all
 * that says where each chunk belongs, and what it was.
 */
#include "update/lay.h"

#include <string.h>

#include "base/bytes.h"
#include "update/store.h"

struct behind {
	const struct dev *dev;
	uint64_t at_bytes;
};

static int put(void *ctx, const void *data, size_t len_bytes)
{
	struct behind *to = ctx;
	int rc = dev_write(to->dev, to->at_bytes, data, len_bytes);

	to->at_bytes += len_bytes;
	return rc;
}

/* What is left of the last block is zeros, so that nothing of an older store stays behind this one. */
static int put_zeros(struct behind *to, uint64_t end_bytes)
{
	static const uint8_t zeros[4096];
	int rc = 0;

	while (!rc && to->at_bytes < end_bytes) {
		uint64_t left = end_bytes - to->at_bytes;

		rc = put(to, zeros, left < sizeof(zeros) ? (size_t)left : sizeof(zeros));
	}
	return rc;
}

/* The head after the list; both become durable with the store's data, before the store's own head. */
int kept_write(const struct dev *dev, const struct record *rec, unsigned v)
{
	static uint8_t buf[64 * 1024];
	const struct record_volume *volume = &rec->volume[v];
	const uint64_t kept_at = cow_store_bytes(volume->chunk_sectors, volume->exceptions);
	const struct cow_scratch scratch = { .buf = buf, .buf_bytes = sizeof(buf) };
	const struct cow_mark mark = store_mark(rec, v);
	struct behind to = { dev, kept_at + COW_KEPT_HEAD_BYTES };
	const struct cow_sink sink = { put, &to };
	struct dev from = *dev;
	const struct cow_source store = store_source(&from);
	uint8_t head[COW_KEPT_HEAD_BYTES];
	int rc = cow_kept_write(&store, &mark, volume->chunk_sectors, &scratch, &sink, head);

	if (!rc)
		rc = put_zeros(&to, volume->store_sectors * SECTOR_BYTES);
	return rc ? rc : dev_write(dev, kept_at, head, sizeof(head));
}
