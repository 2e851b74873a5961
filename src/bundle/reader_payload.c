/* SPDX-License-Identifier: MIT */
/*
 * One payload: read, checked, unpacked.  Holds I16 for a signed bundle: a block is unpacked only after
 * what was signed, or the block before it, has said what it is.
 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "bundle/reader_parts.h"

/* Puts the payload before the reason that is kept. */
static int in_payload(const struct payload *p, int rc)
{
	if (p->is_index)
		return fail_in(rc, "the index of volume %s is damaged", p->volume);
	if (!p->volume)
		return fail_in(rc, "the payload of the boot image is damaged");
	return fail_in(rc, "the payload of volume %s is damaged", p->volume);
}

static int damaged(const struct payload *p, const char *how)
{
	return in_payload(p, fail(EBADMSG, "%s", how));
}

/* What comes out, to the payload's own sink; never more than the manifest said. */
static int take(void *ctx, const void *data, size_t len_bytes)
{
	struct payload *p = ctx;

	if (len_bytes > p->unpacked_bytes - p->out_bytes) {
		p->sink_rc = damaged(p, "it unpacks to too much");
	} else {
		p->out_bytes += len_bytes;
		p->sink_rc = p->sink->write(p->sink->ctx, data, len_bytes);
	}
	return p->sink_rc;
}

/* An index, as it is. */
static int pass_on(struct bundle *b, struct payload *p, size_t len_bytes)
{
	p->out_bytes += len_bytes;
	p->is_ended = p->out_bytes == p->unpacked_bytes;
	return p->sink->write(p->sink->ctx, b->in, len_bytes);
}

/* Unpacks len_bytes of b->in into the sink. */
static int unpack(struct bundle *b, struct payload *p, size_t len_bytes)
{
	const struct cow_sink sink = { .write = take, .ctx = p };
	struct unzip_end end = { 0 };
	int rc;

	if (p->is_ended)
		return damaged(p, "bytes follow its end");
	rc = unpack_piece(b->unpack, b->in, len_bytes, &sink, &end);
	if (p->sink_rc || rc)
		return p->sink_rc ? p->sink_rc : in_payload(p, rc);
	p->is_ended = end.is_ended;
	return end.used_bytes < len_bytes ? damaged(p, "bytes follow its end") : 0;
}

static int read_plain(struct bundle *b, struct payload *p)
{
	uint64_t left = p->packed_bytes;
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;

	digest_begin(&digest);
	while (left) {
		size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		int rc = reader_get(b, b->in, len);

		if (rc)
			return rc;
		digest_add(&digest, b->in, len);
		rc = unpack(b, p, len);
		if (rc)
			return rc;
		left -= len;
	}
	digest_end(&digest, sum);
	return memcmp(sum, p->packed_digest, DIGEST_BYTES) ? damaged(p, "its digest differs") : 0;
}

/*
 * The next block into b->in.  The manifest, or the block before, has said what its digest is; so it is
 * checked before anything looks into it, and with it what it says of the one after it.
 */
static int get_block(struct bundle *b, struct payload *p, size_t len_bytes, size_t next_bytes,
		     uint8_t expect[DIGEST_BYTES])
{
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;
	int rc = reader_get(b, b->in, len_bytes + next_bytes);

	if (rc)
		return rc;
	digest_begin(&digest);
	digest_add(&digest, b->in, len_bytes + next_bytes);
	digest_end(&digest, sum);
	if (memcmp(sum, expect, DIGEST_BYTES))
		return damaged(p, "its digest differs");
	memcpy(expect, b->in + len_bytes, next_bytes);
	return 0;
}

static int read_blocks(struct bundle *b, struct payload *p)
{
	uint64_t left = p->packed_bytes;
	uint8_t expect[DIGEST_BYTES];

	memcpy(expect, p->packed_digest, DIGEST_BYTES);
	while (left) {
		size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		int rc;

		left -= len;
		rc = get_block(b, p, len, left ? DIGEST_BYTES : 0, expect);
		if (!rc)
			rc = p->is_index ? pass_on(b, p, len) : unpack(b, p, len);
		if (rc)
			return rc;
	}
	return 0;
}

int payload_read(struct bundle *b, struct payload *p)
{
	int rc = unpack_begin(b->unpack);

	if (rc)
		return in_payload(p, rc);
	rc = b->manifest.in_blocks ? read_blocks(b, p) : read_plain(b, p);
	if (!rc && (!p->is_ended || p->out_bytes != p->unpacked_bytes))
		rc = damaged(p, "it unpacks to too little");
	return rc;
}
