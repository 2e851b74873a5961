/* SPDX-License-Identifier: MIT */
/*
 * From the runs and the data of a delta to the bytes of the store, in order: header, and area by area
 * the list and its chunks (cow/format.h).
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/delta_parts.h"

#define ENTRIES_AT_ONCE 256u

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
static uint64_t next_chunk(struct delta_runs *runs)
{
	uint64_t gap = 0;

	if (!runs->left) {
		(void)delta_varint(&runs->at, runs->end, &gap);
		(void)delta_varint(&runs->at, runs->end, &runs->left);
		runs->next_chunk += gap;
	}
	runs->left--;
	return runs->next_chunk++;
}

static int flush(struct delta_store *s)
{
	size_t len = s->have_bytes;

	s->have_bytes = 0;
	return len ? s->sink->write(s->sink->ctx, s->out, len) : 0;
}

/* len_bytes more of the store, zeros where data is NULL; in large pieces, which begin at whole sectors. */
static int put(struct delta_store *s, const uint8_t *data, uint64_t len_bytes)
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
static int put_area(struct delta_store *s, uint64_t first)
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
			put_le64(entries + n * COW_ENTRY_BYTES, next_chunk(&s->runs));
			put_le64(entries + n * COW_ENTRY_BYTES + 8,
				 cow_data_chunk(chunk_sectors, i));
		}
		rc = put(s, entries, n * COW_ENTRY_BYTES);
		if (rc)
			return rc;
	}
	return put(s, NULL, (cow_area_entries(chunk_sectors) - (end - first)) * COW_ENTRY_BYTES);
}

int delta_store_begin(struct delta_store *store, const uint8_t *runs, size_t len_bytes)
{
	const uint32_t chunk_sectors = store->volume->chunk_sectors;
	const struct cow_header header = { COW_MAGIC, 1, COW_VERSION, chunk_sectors };
	uint8_t head[COW_HEADER_BYTES];
	int rc;

	store->runs = (struct delta_runs){ .at = runs, .end = runs + len_bytes };
	cow_header_encode(&header, head);
	rc = put(store, head, sizeof(head));
	if (!rc)
		rc = put(store, NULL, (uint64_t)chunk_sectors * SECTOR_BYTES - sizeof(head));
	return rc ? rc : put_area(store, 0);
}

int delta_store_add(struct delta_store *store, const uint8_t *data, size_t len_bytes)
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

int delta_store_end(struct delta_store *store)
{
	return flush(store);
}
