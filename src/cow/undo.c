/* SPDX-License-Identifier: MIT */
/*
 * Writing an undo store.  The list may be in any order and there is no heap to sort it in: a bit for each
 * chunk of the origin is set, and the chunks are then taken as the bits stand.  Reads the origin only.
 */
#include <errno.h>
#include <string.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "cow/undo.h"

struct undo {
	const struct cow_source *origin;
	const struct cow_scratch *scratch;
	const struct cow_sink *sink;
	uint32_t chunk_sectors;
	uint64_t chunk_bytes, origin_chunks;
	uint64_t marked;
	struct cow_stats stats;
};

static int mark_one(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct undo *u = ctx;
	uint8_t bit = (uint8_t)(1u << old_chunk % 8);

	(void)new_chunk;
	if (old_chunk >= u->origin_chunks)
		return fail(EBADMSG, "exception %llu: old chunk %llu lies outside the origin",
			    (unsigned long long)index, (unsigned long long)old_chunk);
	if (u->scratch->bits[old_chunk / 8] & bit)
		return fail(EBADMSG, "exception %llu: old chunk %llu is there twice",
			    (unsigned long long)index, (unsigned long long)old_chunk);
	u->scratch->bits[old_chunk / 8] |= bit;
	u->marked++;
	return 0;
}

/* The first chunk from there on whose bit is set. There is one. */
static uint64_t next_marked(const struct undo *u, uint64_t chunk)
{
	while (!(u->scratch->bits[chunk / 8] >> chunk % 8 & 1))
		chunk += u->scratch->bits[chunk / 8] >> chunk % 8 ? 1 : 8 - chunk % 8;
	return chunk;
}

static int put(const struct undo *u, size_t len_bytes)
{
	alive();
	return u->sink->write(u->sink->ctx, u->scratch->buf, len_bytes);
}

/* Fills a chunk that has len_bytes in the buffer already, and writes the last of it. */
static int put_rest(const struct undo *u, uint64_t written_bytes, size_t len_bytes)
{
	uint64_t left = u->chunk_bytes - written_bytes;
	int rc = 0;

	memset(u->scratch->buf + len_bytes, 0, u->scratch->buf_bytes - len_bytes);
	for (bool first = true; left && !rc; first = false) {
		size_t len = left < u->scratch->buf_bytes ? (size_t)left : u->scratch->buf_bytes;

		if (!first)
			memset(u->scratch->buf, 0, len);
		rc = put(u, len);
		left -= len;
	}
	return rc;
}

static int put_header(const struct undo *u, const struct cow_mark *mark)
{
	struct cow_header header = { COW_MAGIC, 1, COW_VERSION, u->chunk_sectors };

	memset(u->scratch->buf, 0, COW_MARK_OFFSET + COW_MARK_BYTES);
	cow_header_encode(&header, u->scratch->buf);
	if (mark)
		cow_mark_encode(mark, u->scratch->buf + COW_MARK_OFFSET);
	return put_rest(u, 0, COW_MARK_OFFSET + COW_MARK_BYTES);
}

/* The entries of one area, from the chunk on; count of them are used. */
static int put_entries(struct undo *u, uint64_t chunk, uint64_t count)
{
	uint64_t written_bytes = 0, before = 0;
	size_t len = 0;
	int rc = 0;

	for (uint64_t i = 0; i < count && !rc; i++) {
		chunk = next_marked(u, i ? chunk + 1 : chunk);
		if (!i || chunk != before + 1)
			u->stats.runs++;
		before = chunk;
		put_le64(u->scratch->buf + len, chunk);
		put_le64(u->scratch->buf + len + 8,
			 cow_data_chunk(u->chunk_sectors, u->stats.exceptions + i));
		len += COW_ENTRY_BYTES;
		if (len + COW_ENTRY_BYTES > u->scratch->buf_bytes) {
			rc = put(u, len);
			written_bytes += len;
			len = 0;
		}
	}
	return rc ? rc : put_rest(u, written_bytes, len);
}

/* The data of count chunks that follow each other, zeros behind the origin's end. */
static int put_data(const struct undo *u, uint64_t chunk, uint64_t count)
{
	uint64_t at = chunk * u->chunk_bytes, left = count * u->chunk_bytes;
	int rc = 0;

	while (left && !rc) {
		size_t len = left < u->scratch->buf_bytes ? (size_t)left : u->scratch->buf_bytes;
		uint64_t there = at < u->origin->size_bytes ? u->origin->size_bytes - at : 0;
		size_t have = there < len ? (size_t)there : len;

		if (have)
			rc = u->origin->read(u->origin->ctx, at, u->scratch->buf, have);
		memset(u->scratch->buf + have, 0, len - have);
		if (!rc)
			rc = put(u, len);
		at += len;
		left -= len;
	}
	return rc;
}

/* An area and its data; *chunk moves behind the last one. */
static int put_area(struct undo *u, uint64_t *chunk, uint64_t count)
{
	int rc = put_entries(u, *chunk, count);

	for (uint64_t done = 0, run = 0; done < count && !rc; done += run) {
		uint64_t first = next_marked(u, *chunk);

		for (run = 1; done + run < count && first + run < u->origin_chunks &&
			      next_marked(u, first + run) == first + run;)
			run++;
		rc = put_data(u, first, run);
		*chunk = first + run;
	}
	u->stats.exceptions += count;
	return rc;
}

static int put_store(struct undo *u, const struct cow_mark *mark)
{
	uint64_t area_entries = cow_area_entries(u->chunk_sectors), chunk = 0, count;
	int rc = put_header(u, mark);

	/* The area behind a full one is there even when it holds nothing: it ends the list. */
	do {
		count = u->marked - u->stats.exceptions;
		if (count > area_entries)
			count = area_entries;
		if (!rc)
			rc = put_area(u, &chunk, count);
	} while (!rc && count == area_entries);
	return rc;
}

int cow_undo(const struct cow_list *list, const struct cow_source *origin,
	     const struct cow_mark *mark, const struct cow_scratch *scratch,
	     const struct cow_sink *sink, struct cow_stats *ret_stats)
{
	uint64_t chunk_bytes = (uint64_t)list->chunk_sectors * SECTOR_BYTES;
	struct undo u = {
		.origin = origin, .scratch = scratch, .sink = sink,
		.chunk_sectors = list->chunk_sectors, .chunk_bytes = chunk_bytes,
		.origin_chunks = origin->size_bytes / chunk_bytes +
				 !!(origin->size_bytes % chunk_bytes),
	};
	size_t bits_bytes = (size_t)((u.origin_chunks + 7) / 8);
	int rc;

	if (!scratch->bits || scratch->bits_bytes < bits_bytes)
		return fail(ENOBUFS, "no room for a bit of each of %llu chunks",
			    (unsigned long long)u.origin_chunks);
	memset(scratch->bits, 0, bits_bytes);
	rc = cow_list_walk(list, scratch, mark_one, &u);
	if (!rc && u.marked != list->exceptions)
		rc = fail(EBADMSG, "it holds %llu exceptions, not %llu",
			  (unsigned long long)u.marked, (unsigned long long)list->exceptions);
	if (!rc)
		rc = put_store(&u, mark);
	if (rc)
		return rc;
	u.stats.store_bytes = cow_store_bytes(list->chunk_sectors, u.stats.exceptions);
	*ret_stats = u.stats;
	return 0;
}
