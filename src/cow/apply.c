/* SPDX-License-Identifier: MIT */
/*
 * The image that origin and store make together, in order: what a finished merge leaves.  The
 * list is used as it stands when it ascends, and sorted first otherwise.  Only for stores that
 * cow_check has passed.  Uses heap: not for PID 1.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cow/write.h"

#define PIECE_BYTES (1u << 20)
#define LIST_BYTES 65536u	/* buffer for the list, which is walked while pieces are copied */

struct pair {
	uint64_t old_chunk, new_chunk;
};

struct apply {
	const struct cow_source *origin, *store;
	const struct cow_sink *sink;
	uint64_t size_bytes, chunk_bytes;
	uint64_t done_bytes;		/* of the image */
	uint8_t *piece;			/* PIECE_BYTES */
	struct pair *pairs;		/* NULL: the list ascends */
	uint64_t pair_count, pair_max;
};

static int copy(struct apply *a, const struct cow_source *from, uint64_t at, uint64_t len_bytes)
{
	while (len_bytes) {
		size_t len = len_bytes < PIECE_BYTES ? (size_t)len_bytes : PIECE_BYTES;
		int rc = from->read(from->ctx, at, a->piece, len);

		if (!rc)
			rc = a->sink->write(a->sink->ctx, a->piece, len);
		if (rc)
			return rc;
		at += len;
		len_bytes -= len;
		a->done_bytes += len;
	}
	return 0;
}

/* The origin up to the chunk, then the chunk. Past the image's end there is nothing to write. */
static int apply_one(struct apply *a, uint64_t old_chunk, uint64_t new_chunk)
{
	uint64_t at = old_chunk * a->chunk_bytes, left;
	int rc;

	if (at >= a->size_bytes)
		return 0;
	if (at < a->done_bytes)
		return fail(EBADMSG, "the store changed while it was read");
	rc = copy(a, a->origin, a->done_bytes, at - a->done_bytes);
	if (rc)
		return rc;
	left = a->size_bytes - at;
	if (left > a->chunk_bytes)
		left = a->chunk_bytes;
	return copy(a, a->store, new_chunk * a->chunk_bytes, left);
}

static int take(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct apply *a = ctx;

	(void)index;
	if (!a->pairs)
		return apply_one(a, old_chunk, new_chunk);
	if (a->pair_count == a->pair_max)
		return fail(EBADMSG, "the store changed while it was read");
	a->pairs[a->pair_count++] = (struct pair){ old_chunk, new_chunk };
	return 0;
}

static int by_old_chunk(const void *left, const void *right)
{
	const struct pair *l = left, *r = right;

	return (l->old_chunk > r->old_chunk) - (l->old_chunk < r->old_chunk);
}

static int apply_all(struct apply *a, const struct cow_found *found, uint8_t *list_buf)
{
	struct cow_scratch scratch = { .buf = list_buf, .buf_bytes = LIST_BYTES };
	int rc = cow_walk(a->store, found->chunk_sectors, found->exceptions, &scratch, take, a);

	if (a->pairs)
		qsort(a->pairs, (size_t)a->pair_count, sizeof(*a->pairs), by_old_chunk);
	for (uint64_t i = 0; i < a->pair_count && !rc; i++)
		rc = apply_one(a, a->pairs[i].old_chunk, a->pairs[i].new_chunk);
	return rc ? rc : copy(a, a->origin, a->done_bytes, a->size_bytes - a->done_bytes);
}

int cow_apply(const struct cow_source *origin, const struct cow_source *store, uint64_t size_bytes,
	      const struct cow_found *found, const struct cow_sink *sink)
{
	struct apply a = {
		.origin = origin, .store = store, .sink = sink, .size_bytes = size_bytes,
		.chunk_bytes = (uint64_t)found->chunk_sectors * SECTOR_BYTES,
		.pair_max = found->exceptions,
	};
	uint8_t *list_buf = malloc(LIST_BYTES);
	int rc;

	a.piece = malloc(PIECE_BYTES);
	if (!found->ascending)
		a.pairs = calloc((size_t)found->exceptions, sizeof(*a.pairs));
	if (list_buf && a.piece && (found->ascending || a.pairs))
		rc = apply_all(&a, found, list_buf);
	else
		rc = fail_sys(ENOMEM, "cannot hold the store's list");
	free(list_buf);
	free(a.piece);
	free(a.pairs);
	return rc;
}
