/* SPDX-License-Identifier: MIT */
/*
 * The list of exceptions, in list order, as the kernel reads it at table load (read_exceptions):
 * area by area, up to the first entry whose new chunk is 0.  A full area is always followed by
 * another, so one that should follow and lies past the end is an error (the kernel: EIO).  Reads
 * piecewise through the caller's buffer; no heap, and bounded by the size of the source (I10).
 */
#include <errno.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cow/check.h"
#include "cow/kept.h"

struct walk {
	cow_each_fn *each;
	void *ctx;
	uint64_t index, index_max;
	bool ended;
};

static int walk_piece(struct walk *w, const uint8_t *piece, uint64_t len_bytes)
{
	for (uint64_t at = 0; at < len_bytes; at += COW_ENTRY_BYTES) {
		uint64_t new_chunk = get_le64(piece + at + 8);
		int rc;

		w->ended = !new_chunk || w->index == w->index_max;
		if (w->ended)
			return 0;
		rc = w->each(w->ctx, w->index, get_le64(piece + at), new_chunk);
		if (rc)
			return rc;
		w->index++;
	}
	return 0;
}

int cow_walk(const struct cow_source *source, uint32_t chunk_sectors, uint64_t index_max,
	     const struct cow_scratch *scratch, cow_each_fn *each, void *ctx)
{
	struct walk w = { .each = each, .ctx = ctx, .index_max = index_max };
	uint64_t chunk_bytes = (uint64_t)chunk_sectors * SECTOR_BYTES;
	uint64_t piece_bytes = scratch->buf_bytes / SECTOR_BYTES * SECTOR_BYTES;

	if (!piece_bytes)
		return fail(EINVAL, "no buffer to read the store with");
	if (piece_bytes > chunk_bytes)
		piece_bytes = chunk_bytes;
	for (uint64_t area = 0; !w.ended; area++) {
		uint64_t chunk = cow_area_chunk(chunk_sectors, area);

		if (chunk >= source->size_bytes / chunk_bytes)
			return fail(EBADMSG, "metadata area %llu lies past the end of the store",
				    (unsigned long long)area);
		for (uint64_t at = 0; at < chunk_bytes && !w.ended; at += piece_bytes) {
			uint64_t left = chunk_bytes - at;
			uint64_t len = left < piece_bytes ? left : piece_bytes;
			int rc = source->read(source->ctx, chunk * chunk_bytes + at, scratch->buf,
					      (size_t)len);

			if (!rc)
				rc = walk_piece(&w, scratch->buf, len);
			if (rc)
				return rc;
		}
	}
	return 0;
}

struct plain {
	cow_each_fn *each;
	void *ctx;
};

static int each_plain(void *ctx, uint64_t index, const struct cow_kept_entry *entry)
{
	const struct plain *plain = ctx;

	return plain->each(plain->ctx, index, entry->old_chunk, entry->new_chunk);
}

int cow_list_walk(const struct cow_list *list, const struct cow_scratch *scratch,
		  cow_each_fn *each, void *ctx)
{
	struct plain plain = { each, ctx };

	if (list->is_kept)
		return cow_kept_walk(list->source, list->exceptions, scratch, each_plain, &plain);
	return cow_walk(list->source, list->chunk_sectors, list->exceptions, scratch, each, ctx);
}
