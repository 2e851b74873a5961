/* SPDX-License-Identifier: MIT */
/*
 * Unpacking a delta: a record at a time, each a le32 with its length and then so many bytes.  The first
 * one has the runs, each other one a piece of operations.
 */
#include "bundle/delta.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/delta_parts.h"
#include "bundle/storeout.h"

#define LENGTH_BYTES 4u

struct delta {
	const struct bundle_volume *volume;
	uint8_t *runs;			/* kept: the store's list is made of it as it is needed */
	bool has_runs;
	struct delta_runs list;
	struct storeout store;
	uint64_t out_left_bytes;
	uint64_t old_at_bytes;		/* where the last copy has ended */
	uint8_t length[LENGTH_BYTES];
	size_t length_have, record_bytes, record_have;
	uint8_t record[DELTA_PIECE_BYTES_MAX];
	uint8_t out[DELTA_PIECE_OUT_MAX];
	struct delta_old old;
};

size_t delta_put_varint(uint8_t buf[DELTA_VARINT_BYTES], uint64_t value)
{
	size_t len = 0;

	for (; value > 0x7f; value >>= 7)
		buf[len++] = (uint8_t)(value | 0x80);
	buf[len++] = (uint8_t)value;
	return len;
}

int delta_open(const struct bundle_volume *volume, const struct cow_source *old,
	       const struct cow_sink *sink, struct delta **ret_delta)
{
	struct delta *d = calloc(1, sizeof(*d));

	if (!d)
		return fail_sys(ENOMEM, "cannot unpack its delta");
	d->volume = volume;
	d->store.volume = volume;
	d->store.sink = sink;
	d->store.next_chunk = delta_next_chunk;
	d->store.ctx = &d->list;
	d->old.source = old;
	d->old.size_bytes = volume->old_bytes;
	d->out_left_bytes = volume->exceptions * volume->chunk_sectors * SECTOR_BYTES;
	*ret_delta = d;
	return 0;
}

void delta_close(struct delta *delta)
{
	if (delta)
		free(delta->runs);
	free(delta);
}

/* The four columns of numbers and bytes of a piece, each read from its own place on. */
struct columns {
	const uint8_t *copy, *extra, *seek, *end;	/* of numbers; end of the last one */
	const uint8_t *diff, *bytes;
	uint64_t ops, out_bytes;
};

static int wrong_piece(void)
{
	return fail(EBADMSG, "a piece of its delta contradicts itself");
}

/* Passes over ops numbers; their sum, where ret_sum is wanted, is at most max. */
static int pass(const uint8_t **at, const uint8_t *end, uint64_t ops, uint64_t max, uint64_t *ret_sum)
{
	uint64_t value, sum = 0;

	for (uint64_t i = 0; i < ops; i++) {
		if (delta_varint(at, end, &value))
			return -EBADMSG;
		if (ret_sum && value > max - sum)
			return wrong_piece();
		sum += ret_sum ? value : 0;
	}
	if (ret_sum)
		*ret_sum = sum;
	return 0;
}

/* Finds the columns; all lengths in them together are exactly what the record and the output have. */
static int find_columns(const struct delta *d, const uint8_t *at, const uint8_t *end, struct columns *c)
{
	uint64_t copied = 0, extra = 0;

	if (delta_varint(&at, end, &c->out_bytes) || delta_varint(&at, end, &c->ops))
		return -EBADMSG;
	if (!c->out_bytes || c->out_bytes > DELTA_PIECE_OUT_MAX || c->out_bytes > d->out_left_bytes ||
	    c->ops > DELTA_PIECE_OPS_MAX)
		return wrong_piece();
	c->copy = at;
	if (pass(&at, end, c->ops, c->out_bytes, &copied))
		return -EBADMSG;
	c->extra = at;
	if (pass(&at, end, c->ops, c->out_bytes - copied, &extra))
		return -EBADMSG;
	c->seek = at;
	if (pass(&at, end, c->ops, 0, NULL))
		return -EBADMSG;
	c->end = c->diff = at;
	if (copied + extra != c->out_bytes || (uint64_t)(end - at) != c->out_bytes)
		return wrong_piece();
	c->bytes = c->diff + copied;
	return 0;
}

/* One operation: where it copies from is told from where the last copy has ended. */
static int run_operation(struct delta *d, struct columns *c, uint8_t **out)
{
	uint64_t copy = 0, extra = 0, zigzag = 0, seek;
	int rc;

	(void)delta_varint(&c->copy, c->end, &copy);	/* find_columns has read them all */
	(void)delta_varint(&c->extra, c->end, &extra);
	(void)delta_varint(&c->seek, c->end, &zigzag);
	seek = zigzag >> 1 ^ (0 - (zigzag & 1));
	d->old_at_bytes += seek;			/* modulo 2^64: a seek back is a large number */
	if (d->old_at_bytes > d->volume->old_bytes || copy > d->volume->old_bytes - d->old_at_bytes)
		return fail(EBADMSG, "its delta reads behind the end of the old image");
	memcpy(*out, c->diff, copy);
	rc = delta_old_add(&d->old, d->old_at_bytes, *out, copy);
	if (rc)
		return rc;
	memcpy(*out + copy, c->bytes, extra);
	d->old_at_bytes += copy;
	c->diff += copy;
	c->bytes += extra;
	*out += copy + extra;
	return 0;
}

static int take_piece(struct delta *d)
{
	struct columns c;
	uint8_t *out = d->out;
	int rc = find_columns(d, d->record, d->record + d->record_bytes, &c);

	for (uint64_t i = 0; i < c.ops && !rc; i++)
		rc = run_operation(d, &c, &out);
	if (!rc)
		rc = storeout_add(&d->store, d->out, c.out_bytes);
	d->out_left_bytes -= rc ? 0 : c.out_bytes;
	return rc;
}

static int take_runs(struct delta *d)
{
	int rc = delta_check_runs(d->volume, d->runs, d->record_bytes);

	d->has_runs = true;
	d->list = (struct delta_runs){ .at = d->runs, .end = d->runs + d->record_bytes };
	return rc ? rc : storeout_begin(&d->store);
}

/* A record begins: whether it may be that long, before there is room for it. */
static int begin_record(struct delta *d)
{
	d->record_bytes = get_le32(d->length);
	d->record_have = 0;
	if (d->has_runs)
		return d->record_bytes && d->record_bytes <= DELTA_PIECE_BYTES_MAX ? 0 : wrong_piece();
	if (d->record_bytes > DELTA_RUNS_BYTES_MAX ||
	    d->record_bytes > 2 * (uint64_t)DELTA_VARINT_BYTES * d->volume->exceptions)
		return fail(EBADMSG, "its list of chunks is too long");
	d->runs = malloc(d->record_bytes + 1);
	return d->runs ? 0 : fail_sys(ENOMEM, "cannot unpack its delta");
}

int delta_add(struct delta *delta, const uint8_t *data, size_t len_bytes)
{
	struct delta *d = delta;
	int rc = 0;

	while (len_bytes && !rc) {
		size_t len;

		if (d->length_have < LENGTH_BYTES) {
			d->length[d->length_have++] = *data++;
			len_bytes--;
			if (d->length_have < LENGTH_BYTES)
				continue;
			rc = begin_record(d);
			if (rc)
				return rc;
		}
		len = d->record_bytes - d->record_have;
		if (len > len_bytes)
			len = len_bytes;
		if (len)
			memcpy((d->has_runs ? d->record : d->runs) + d->record_have, data, len);
		d->record_have += len;
		data += len;
		len_bytes -= len;
		if (d->record_have < d->record_bytes)
			continue;
		d->length_have = 0;
		rc = d->has_runs ? take_piece(d) : take_runs(d);
	}
	return rc;
}

int delta_end(struct delta *delta)
{
	if (delta->has_runs && !delta->length_have && !delta->out_left_bytes)
		return storeout_end(&delta->store);
	return fail(EBADMSG, "its delta ends too early");
}
