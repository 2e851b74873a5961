/* SPDX-License-Identifier: MIT */
/* From a store to its delta: the runs of the list, then the operations in pieces, in columns. */
#include "host/delta_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/delta.h"
#include "host/delta_match.h"

struct buffer {
	uint8_t *bytes;
	size_t len_bytes, room_bytes;
	bool full;			/* there was no memory for it */
};

static void put(struct buffer *b, const void *data, size_t len_bytes)
{
	if (b->len_bytes + len_bytes > b->room_bytes) {
		size_t room = 2 * b->room_bytes + len_bytes + 4096;
		uint8_t *more = realloc(b->bytes, room);

		if (!more) {
			b->full = true;
			return;
		}
		b->bytes = more;
		b->room_bytes = room;
	}
	if (len_bytes)
		memcpy(b->bytes + b->len_bytes, data, len_bytes);
	b->len_bytes += len_bytes;
}

static void put_number(struct buffer *b, uint64_t value)
{
	uint8_t bytes[DELTA_VARINT_BYTES];

	put(b, bytes, delta_put_varint(bytes, value));
}

/* A record: its length, for which room was left at `at`, is now known. */
static void end_record(struct buffer *b, size_t at)
{
	if (!b->full)
		put_le32(b->bytes + at, (uint32_t)(b->len_bytes - at - 4));
}

static size_t begin_record(struct buffer *b)
{
	size_t at = b->len_bytes;

	put(b, "\0\0\0\0", 4);
	return at;
}

static uint64_t old_chunk(const uint8_t *store, uint32_t chunk_sectors, uint64_t i)
{
	uint64_t entries = cow_area_entries(chunk_sectors);

	return get_le64(store + cow_area_chunk(chunk_sectors, i / entries) * chunk_sectors * SECTOR_BYTES +
			i % entries * COW_ENTRY_BYTES);
}

static int put_runs(struct buffer *b, const uint8_t *store, uint32_t chunk_sectors, uint64_t exceptions)
{
	size_t at = begin_record(b);
	uint64_t next = 0, len;

	for (uint64_t i = 0; i < exceptions; i += len) {
		uint64_t first = old_chunk(store, chunk_sectors, i);

		len = 1;
		while (i + len < exceptions && old_chunk(store, chunk_sectors, i + len) == first + len)
			len++;
		put_number(b, first - next);
		put_number(b, len);
		next = first + len;
	}
	if (b->len_bytes - at - 4 > DELTA_RUNS_BYTES_MAX)
		return fail(EFBIG, "its list has too many runs");
	end_record(b, at);
	return 0;
}

/* The operations as the pieces have them: a copy or its extra bytes may be cut at the end of one. */
struct cutting {
	const struct delta_ops *ops;
	size_t next;
	struct delta_op rest;		/* what is left of the one before `next` */
	const uint8_t *data;		/* what the next operation makes */
	uint64_t old_at_bytes;		/* where the copy before has ended */
};

/* The next operation, of no more than room_bytes; false: there is none. */
static bool cut(struct cutting *c, size_t room_bytes, struct delta_op *ret_op)
{
	struct delta_op *rest = &c->rest;

	if (!rest->copy_bytes && !rest->extra_bytes) {
		if (c->next == c->ops->count)
			return false;
		*rest = c->ops->op[c->next++];
	}
	*ret_op = *rest;
	if (ret_op->copy_bytes > room_bytes)
		ret_op->copy_bytes = room_bytes;
	if (ret_op->extra_bytes > room_bytes - ret_op->copy_bytes)
		ret_op->extra_bytes = room_bytes - ret_op->copy_bytes;
	if (ret_op->copy_bytes < rest->copy_bytes)
		ret_op->extra_bytes = 0;
	rest->copy_bytes -= ret_op->copy_bytes;
	rest->extra_bytes -= ret_op->extra_bytes;
	rest->old_at_bytes += ret_op->copy_bytes;
	return true;
}

static int put_diff(struct buffer *b, const struct cow_source *old, const struct delta_op *op,
		    const uint8_t *data)
{
	uint8_t piece[16384];

	for (size_t at = 0; at < op->copy_bytes;) {
		size_t len = op->copy_bytes - at < sizeof(piece) ? op->copy_bytes - at : sizeof(piece);
		int rc = old->read(old->ctx, op->old_at_bytes + at, piece, len);

		if (rc)
			return rc;
		for (size_t i = 0; i < len; i++)
			piece[i] = (uint8_t)(data[at + i] - piece[i]);
		put(b, piece, len);
		at += len;
	}
	return 0;
}

/* What a piece needs at the most beside the bytes it makes: three numbers for each operation. */
#define OPS_IN_PIECE 24576u
_Static_assert(OPS_IN_PIECE <= DELTA_PIECE_OPS_MAX &&
	       DELTA_PIECE_OUT_MAX + OPS_IN_PIECE * 3 * DELTA_VARINT_BYTES <= DELTA_PIECE_BYTES_MAX,
	       "no piece becomes too long");

static int put_piece(struct buffer *b, const struct cow_source *old, struct cutting *c)
{
	static struct delta_op op[OPS_IN_PIECE];
	size_t count = 0, out_bytes = 0, at;
	const uint8_t *data = c->data;
	int rc = 0;

	while (count < OPS_IN_PIECE && out_bytes < DELTA_PIECE_OUT_MAX &&
	       cut(c, DELTA_PIECE_OUT_MAX - out_bytes, &op[count])) {
		out_bytes += op[count].copy_bytes + op[count].extra_bytes;
		count++;
	}
	at = begin_record(b);
	put_number(b, out_bytes);
	put_number(b, count);
	for (size_t i = 0; i < count; i++)
		put_number(b, op[i].copy_bytes);
	for (size_t i = 0; i < count; i++)
		put_number(b, op[i].extra_bytes);
	for (size_t i = 0; i < count; i++) {
		uint64_t from = op[i].copy_bytes ? op[i].old_at_bytes : c->old_at_bytes;
		uint64_t seek = from - c->old_at_bytes;

		put_number(b, seek << 1 ^ (0 - (seek >> 63)));
		c->old_at_bytes = from + op[i].copy_bytes;
	}
	for (size_t i = 0; i < count && !rc; i++) {
		rc = put_diff(b, old, &op[i], data);
		data += op[i].copy_bytes + op[i].extra_bytes;
	}
	data = c->data;
	for (size_t i = 0; i < count; i++) {
		put(b, data + op[i].copy_bytes, op[i].extra_bytes);
		data += op[i].copy_bytes + op[i].extra_bytes;
	}
	c->data = data;
	end_record(b, at);
	return rc;
}

static int put_pieces(struct buffer *b, const struct cow_source *old, const uint8_t *data,
		      size_t len_bytes)
{
	struct delta_windows windows;
	struct delta_ops ops = { 0 };
	struct cutting c = { .ops = &ops, .data = data };
	int rc = delta_windows_choose(old, data, len_bytes, &windows);

	if (!rc)
		rc = delta_match(&windows, data, len_bytes, &ops);
	delta_windows_free(&windows);
	while (!rc && c.data < data + len_bytes)
		rc = put_piece(b, old, &c);
	delta_ops_free(&ops);
	return rc;
}

/* The data of all exceptions, one after another. */
static uint8_t *gather(const uint8_t *store, uint32_t chunk_sectors, uint64_t exceptions)
{
	size_t chunk_bytes = (size_t)chunk_sectors * SECTOR_BYTES;
	uint8_t *data = malloc(exceptions * chunk_bytes + 1);

	for (uint64_t i = 0; i < exceptions && data; i++)
		memcpy(data + i * chunk_bytes,
		       store + cow_data_chunk(chunk_sectors, i) * chunk_bytes, chunk_bytes);
	return data;
}

int delta_write(const struct cow_source *old_image, const uint8_t *store, uint32_t chunk_sectors,
		uint64_t exceptions, uint8_t **ret_delta, size_t *ret_len_bytes)
{
	size_t len_bytes = exceptions * chunk_sectors * SECTOR_BYTES;
	uint8_t *data = gather(store, chunk_sectors, exceptions);
	struct buffer b = { 0 };
	int rc = data ? put_runs(&b, store, chunk_sectors, exceptions) :
			fail_sys(ENOMEM, "cannot hold the data of a delta");

	if (!rc)
		rc = put_pieces(&b, old_image, data, len_bytes);
	if (!rc && b.full)
		rc = fail_sys(ENOMEM, "cannot hold a delta");
	free(data);
	if (rc) {
		free(b.bytes);
		return rc;
	}
	*ret_delta = b.bytes;
	*ret_len_bytes = b.len_bytes;
	return 0;
}
