/* SPDX-License-Identifier: MIT */
/*
 * Writing a store: header, then area by area the entries and their data, in one pass over both
 * images.  Output is sequential, so the data of an area, which stands behind its entries, is read a
 * second time from NEW.  Uses heap: not for PID 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cow/write.h"

#define BATCH_BYTES (1u << 20)	/* read at once from each image */

struct writer {
	const struct cow_source *old_image, *new_image;
	const struct cow_sink *sink;
	cow_chunk_fn *on_chunk;
	void *on_chunk_ctx;
	uint32_t chunk_sectors;
	size_t chunk_bytes, batch_bytes;
	uint8_t *old_buf, *new_buf;	/* batch_bytes each */
	uint8_t *area;			/* entries not written yet, chunk_bytes */
	uint8_t *data;			/* one chunk */
	uint64_t old_last;
	struct cow_stats stats;
};

static int put(const struct writer *w, const void *data)
{
	return w->sink ? w->sink->write(w->sink->ctx, data, w->chunk_bytes) : 0;
}

static int put_header(struct writer *w)
{
	struct cow_header header = { COW_MAGIC, 1, COW_VERSION, w->chunk_sectors };

	memset(w->data, 0, w->chunk_bytes);
	cow_header_encode(&header, w->data);
	return put(w, w->data);
}

/* The new content of one chunk, a partial last one padded with zeros. */
static int put_data(struct writer *w, uint64_t old_chunk)
{
	uint64_t at = old_chunk * w->chunk_bytes;
	uint64_t left = w->new_image->size_bytes - at;
	size_t len = left < w->chunk_bytes ? (size_t)left : w->chunk_bytes;
	int rc = w->new_image->read(w->new_image->ctx, at, w->data, len);

	if (rc)
		return rc;
	memset(w->data + len, 0, w->chunk_bytes - len);
	return put(w, w->data);
}

/* Writes the area gathered so far, count entries of it used, and their data. */
static int put_area(struct writer *w, uint64_t count)
{
	int rc = put(w, w->area);

	for (uint64_t i = 0; i < count && !rc && w->sink; i++)
		rc = put_data(w, get_le64(w->area + i * COW_ENTRY_BYTES));
	memset(w->area, 0, w->chunk_bytes);
	return rc;
}

static int add_exception(struct writer *w, uint64_t old_chunk)
{
	uint64_t area_entries = cow_area_entries(w->chunk_sectors);
	uint64_t i = w->stats.exceptions++, slot = i % area_entries;

	if (!slot || old_chunk != w->old_last + 1)
		w->stats.runs++;
	w->old_last = old_chunk;
	put_le64(w->area + slot * COW_ENTRY_BYTES, old_chunk);
	put_le64(w->area + slot * COW_ENTRY_BYTES + 8, cow_data_chunk(w->chunk_sectors, i));
	return slot + 1 == area_entries ? put_area(w, area_entries) : 0;
}

/* How many of the len_bytes at offset at lie before the end. */
static size_t before_end(uint64_t end_bytes, uint64_t at, size_t len_bytes)
{
	if (at >= end_bytes)
		return 0;
	return end_bytes - at < len_bytes ? (size_t)(end_bytes - at) : len_bytes;
}

/* What one of the images has in a batch; how many bytes that is. */
static int read_batch(const struct writer *w, const struct cow_source *image, uint64_t at,
		      uint8_t *buf, size_t *ret_len_bytes)
{
	*ret_len_bytes = before_end(image->size_bytes, at, w->batch_bytes);
	return *ret_len_bytes ? image->read(image->ctx, at, buf, *ret_len_bytes) : 0;
}

/* Compares the batch at offset at, a whole number of chunks but at the images' ends. */
static int compare_batch(struct writer *w, uint64_t at)
{
	size_t old_bytes = 0, new_bytes = 0;
	int rc = read_batch(w, w->old_image, at, w->old_buf, &old_bytes);

	if (!rc)
		rc = read_batch(w, w->new_image, at, w->new_buf, &new_bytes);
	for (size_t i = 0; (i < old_bytes || i < new_bytes) && !rc; i += w->chunk_bytes) {
		size_t in_old = before_end(old_bytes, i, w->chunk_bytes);
		size_t in_new = before_end(new_bytes, i, w->chunk_bytes);

		if (w->on_chunk)
			w->on_chunk(w->on_chunk_ctx, w->old_buf + i, in_old, w->new_buf + i, in_new);
		if (in_new > in_old || memcmp(w->old_buf + i, w->new_buf + i, in_new))
			rc = add_exception(w, (at + i) / w->chunk_bytes);
	}
	return rc;
}

static int write_store(struct writer *w)
{
	uint64_t old_bytes = w->old_image->size_bytes, new_bytes = w->new_image->size_bytes;
	int rc = put_header(w);

	for (uint64_t at = 0; (at < old_bytes || at < new_bytes) && !rc; at += w->batch_bytes)
		rc = compare_batch(w, at);
	/* The last area, which is there even when it holds nothing: it ends the list. */
	return rc ? rc : put_area(w, w->stats.exceptions % cow_area_entries(w->chunk_sectors));
}

int cow_write(const struct cow_source *old_image, const struct cow_source *new_image,
	      uint32_t chunk_sectors, const struct cow_sink *sink, cow_chunk_fn *on_chunk,
	      void *on_chunk_ctx, struct cow_stats *ret_stats)
{
	struct writer w = {
		.old_image = old_image, .new_image = new_image, .sink = sink,
		.on_chunk = on_chunk, .on_chunk_ctx = on_chunk_ctx,
	};
	int rc;

	if (!cow_chunk_ok(chunk_sectors))
		return fail(EINVAL, "chunk size of %u sectors is impossible", chunk_sectors);
	if (!old_image->size_bytes || !new_image->size_bytes)
		return fail(EINVAL, "an image is empty");
	w.chunk_sectors = chunk_sectors;
	w.chunk_bytes = (size_t)chunk_sectors * SECTOR_BYTES;
	w.batch_bytes = w.chunk_bytes > BATCH_BYTES ? w.chunk_bytes : BATCH_BYTES;
	w.old_buf = malloc(w.batch_bytes);
	w.new_buf = malloc(w.batch_bytes);
	w.area = calloc(1, w.chunk_bytes);
	w.data = malloc(w.chunk_bytes);
	if (w.old_buf && w.new_buf && w.area && w.data)
		rc = write_store(&w);
	else
		rc = fail_sys(ENOMEM, "cannot buffer chunks of %zu bytes", w.chunk_bytes);
	free(w.old_buf);
	free(w.new_buf);
	free(w.area);
	free(w.data);
	if (rc)
		return rc;
	w.stats.store_bytes = cow_store_bytes(chunk_sectors, w.stats.exceptions);
	*ret_stats = w.stats;
	return 0;
}
