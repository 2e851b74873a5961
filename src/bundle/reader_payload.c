/* SPDX-License-Identifier: MIT */
/*
 * One payload: read, checked, unpacked.  Holds I16 for a signed bundle: a block is unpacked only after
 * what was signed, or the block before it, has said what it is.
 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "bundle/reader_parts.h"

static int damaged(const struct payload *p, const char *how)
{
	if (!p->volume)
		return fail(EBADMSG, "the payload of the boot image is damaged: %s", how);
	return fail(EBADMSG, "the payload of volume %s is damaged: %s", p->volume, how);
}

/* Unpacks len_bytes of b->in into the sink. */
static int unpack(struct bundle *b, struct payload *p, size_t len_bytes)
{
	ZSTD_inBuffer in = { b->in, len_bytes, 0 };
	ZSTD_outBuffer out;

	do {
		size_t left;
		int rc;

		if (p->is_ended)
			return damaged(p, "bytes follow its end");
		out = (ZSTD_outBuffer){ b->out, sizeof(b->out), 0 };
		left = ZSTD_decompressStream(b->zstd, &out, &in);
		if (ZSTD_isError(left))
			return damaged(p, ZSTD_getErrorName(left));
		if (out.pos > p->unpacked_bytes - p->out_bytes)
			return damaged(p, "it unpacks to too much");
		rc = out.pos ? p->sink->write(p->sink->ctx, b->out, out.pos) : 0;
		if (rc)
			return rc;
		p->out_bytes += out.pos;
		p->is_ended = !left;
	} while (in.pos < in.size || (out.pos == out.size && !p->is_ended));
	return 0;
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
			rc = unpack(b, p, len);
		if (rc)
			return rc;
	}
	return 0;
}

int payload_read(struct bundle *b, struct payload *p)
{
	int rc = b->manifest.in_blocks ? read_blocks(b, p) : read_plain(b, p);

	if (!rc && (!p->is_ended || p->out_bytes != p->unpacked_bytes))
		rc = damaged(p, "it unpacks to too little");
	return rc;
}
