/* SPDX-License-Identifier: MIT */
/* A store in order: header, and area by area the list and its chunks (cow/format.h). */
#include "bundle/storeout.h"

#include <string.h>

#include "base/bytes.h"

#define ENTRIES_AT_ONCE 256u

static int flush(struct storeout *s)
{
	size_t len = s->have_bytes;

	s->have_bytes = 0;
	return len ? s->sink->write(s->sink->ctx, s->out, len) : 0;
}

/* len_bytes more of the store, zeros where data is NULL; in large pieces, which begin at whole sectors. */
static int put(struct storeout *s, const uint8_t *data, uint64_t len_bytes)
{
	int rc = 0;

	while (len_bytes && !rc) {
		size_t room = sizeof(s->out) - s->have_bytes;
		size_t len = len_bytes < room ? (size_t)len_bytes : room;

		if (data)
			memcpy(s->out + s->have_bytes, data, len);
		else
			memset(s->out + s->have_bytes, 0, len);
		data = data ? data + len : NULL;
		len_bytes -= len;
		s->have_bytes += len;
		if (s->have_bytes == sizeof(s->out))
			rc = flush(s);
	}
	return rc;
}

/* The area that begins with exception `first`: as many entries as are left for it, then zeros. */
static int put_area(struct storeout *s, uint64_t first)
{
	uint32_t chunk_sectors = s->volume->chunk_sectors;
	uint64_t end = first + cow_area_entries(chunk_sectors);
	uint8_t entries[ENTRIES_AT_ONCE * COW_ENTRY_BYTES];
	uint64_t i = first;

	if (end > s->volume->exceptions)
		end = s->volume->exceptions;
	while (i < end) {
		unsigned n = 0;
		int rc;

		for (; n < ENTRIES_AT_ONCE && i < end; n++, i++) {
			put_le64(entries + n * COW_ENTRY_BYTES, s->next_chunk(s->ctx));
			put_le64(entries + n * COW_ENTRY_BYTES + 8,
				 cow_data_chunk(chunk_sectors, i));
		}
		rc = put(s, entries, n * COW_ENTRY_BYTES);
		if (rc)
			return rc;
	}
	return put(s, NULL, (cow_area_entries(chunk_sectors) - (end - first)) * COW_ENTRY_BYTES);
}

int storeout_begin(struct storeout *store)
{
	const uint32_t chunk_sectors = store->volume->chunk_sectors;
	const struct cow_header header = { COW_MAGIC, 1, COW_VERSION, chunk_sectors };
	uint8_t head[COW_HEADER_BYTES];
	int rc;

	cow_header_encode(&header, head);
	rc = put(store, head, sizeof(head));
	if (!rc)
		rc = put(store, NULL, (uint64_t)chunk_sectors * SECTOR_BYTES - sizeof(head));
	return rc ? rc : put_area(store, 0);
}

int storeout_add(struct storeout *store, const uint8_t *data, size_t len_bytes)
{
	const uint64_t chunk_bytes = (uint64_t)store->volume->chunk_sectors * SECTOR_BYTES;
	const uint64_t area_bytes = cow_area_entries(store->volume->chunk_sectors) * chunk_bytes;

	while (len_bytes) {
		uint64_t left = area_bytes - store->data_bytes % area_bytes;
		size_t len = left < len_bytes ? (size_t)left : len_bytes;
		int rc = put(store, data, len);

		data += len;
		len_bytes -= len;
		store->data_bytes += len;
		/* An area that is full is followed by another, even if that holds nothing. */
		if (!rc && store->data_bytes % area_bytes == 0)
			rc = put_area(store, store->data_bytes / chunk_bytes);
		if (rc)
			return rc;
	}
	return 0;
}

int storeout_end(struct storeout *store)
{
	return flush(store);
}
