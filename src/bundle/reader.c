/* SPDX-License-Identifier: MIT */
/*
 * The streaming reader.  Reads each byte once, holds no more than its buffers and one zstd window,
 * and never lets more out than the manifest said.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "bundle/reader.h"

#define PIECE_BYTES (128u * 1024)
#define WINDOW_LOG_MAX 23	/* 8 MiB: what the writer's highest level uses */

struct bundle {
	bundle_read *read;
	void *ctx;
	uint64_t done_bytes, total_bytes;	/* total 0: not known yet */
	bool boot_is_due;
	unsigned volume_next;
	bool is_broken;				/* after an error there is nothing more to be had */
	ZSTD_DCtx *zstd;
	struct bundle_manifest manifest;
	uint8_t in[PIECE_BYTES], out[PIECE_BYTES];
};

/* One payload on its way to the sink. */
struct payload {
	const char *volume;			/* NULL: it is the boot image */
	uint64_t packed_bytes, unpacked_bytes;
	const uint8_t *packed_digest;
	const struct cow_sink *sink;
	uint64_t out_bytes;
	bool is_ended;				/* the frame is */
};

ssize_t bundle_read_fd(void *ctx, void *buf, size_t len_bytes)
{
	ssize_t got;

	do
		got = sys_read(*(const int *)ctx, buf, len_bytes);
	while (got == -EINTR);
	return got < 0 ? fail_sys((int)-got, "cannot read it") : got;
}

/* Exactly len_bytes, or an error. */
static int get(struct bundle *b, void *buf, size_t len_bytes)
{
	size_t have = 0;

	while (have < len_bytes) {
		ssize_t got = b->read(b->ctx, (uint8_t *)buf + have, len_bytes - have);

		if (got < 0)
			return (int)got;
		if (!got && b->total_bytes)
			return fail(EBADMSG, "truncated at byte %" PRIu64 " of %" PRIu64,
				    b->done_bytes, b->total_bytes);
		if (!got)
			return fail(EBADMSG, "truncated at byte %" PRIu64, b->done_bytes);
		have += (size_t)got;
		b->done_bytes += (uint64_t)got;
	}
	return 0;
}

static int read_head(struct bundle *b)
{
	uint8_t head[BUNDLE_HEADER_BYTES], sum[DIGEST_BYTES];
	struct bundle_header header;
	struct digest digest;
	int rc = get(b, head, sizeof(head));

	if (!rc)
		rc = bundle_header_decode(head, &header);
	if (!rc)
		rc = get(b, b->in, header.manifest_bytes);
	if (rc)
		return rc;
	digest_begin(&digest);
	digest_add(&digest, b->in, header.manifest_bytes);
	digest_end(&digest, sum);
	if (memcmp(sum, header.manifest_digest, DIGEST_BYTES))
		return fail(EBADMSG, "its manifest is damaged");
	rc = manifest_parse((const char *)b->in, header.manifest_bytes, &b->manifest);
	if (rc)
		return rc;
	if (manifest_format(&b->manifest) != header.format)
		return fail(EBADMSG, "its header and its manifest are of different formats");
	b->boot_is_due = b->manifest.boot.image_bytes != 0;
	b->total_bytes = b->done_bytes + manifest_payload_bytes(&b->manifest);
	return 0;
}

int bundle_open(bundle_read *read, void *ctx, struct bundle **ret_bundle)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int rc;

	_Static_assert(BUNDLE_MANIFEST_MAX <= PIECE_BYTES, "the manifest is read into one piece");
	if (!b)
		return fail_sys(ENOMEM, "cannot read it");
	b->read = read;
	b->ctx = ctx;
	b->zstd = ZSTD_createDCtx();
	if (!b->zstd ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(b->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		rc = fail_sys(ENOMEM, "cannot unpack it");
	else
		rc = read_head(b);
	if (rc)
		bundle_close(b);
	else
		*ret_bundle = b;
	return rc;
}

const struct bundle_manifest *bundle_manifest(const struct bundle *bundle)
{
	return &bundle->manifest;
}

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

static int read_payload(struct bundle *b, struct payload *p)
{
	uint64_t left = p->packed_bytes;
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;

	digest_begin(&digest);
	while (left) {
		size_t len = left < sizeof(b->in) ? (size_t)left : sizeof(b->in);
		int rc = get(b, b->in, len);

		if (rc)
			return rc;
		digest_add(&digest, b->in, len);
		rc = unpack(b, p, len);
		if (rc)
			return rc;
		left -= len;
	}
	digest_end(&digest, sum);
	if (memcmp(sum, p->packed_digest, DIGEST_BYTES))
		return damaged(p, "its digest differs");
	if (!p->is_ended || p->out_bytes != p->unpacked_bytes)
		return damaged(p, "it unpacks to too little");
	return 0;
}

static int read_next(struct bundle *bundle, struct payload *p)
{
	int rc;

	if (ZSTD_isError(ZSTD_DCtx_reset(bundle->zstd, ZSTD_reset_session_only)))
		rc = fail(EINVAL, "cannot unpack it");
	else
		rc = read_payload(bundle, p);
	bundle->is_broken = rc != 0;
	return rc;
}

int bundle_boot_next(struct bundle *bundle, const struct cow_sink *sink)
{
	const struct bundle_boot *boot = &bundle->manifest.boot;
	struct payload p = { .packed_bytes = boot->payload_bytes,
			     .unpacked_bytes = boot->image_bytes,
			     .packed_digest = boot->payload_digest, .sink = sink };

	if (bundle->is_broken || !bundle->boot_is_due)
		return fail(EINVAL, "there is no boot image left in it");
	bundle->boot_is_due = false;
	return read_next(bundle, &p);
}

int bundle_volume_next(struct bundle *bundle, const struct cow_sink *sink)
{
	const struct bundle_volume *volume;
	struct payload p = { .sink = sink };

	if (bundle->is_broken || bundle->boot_is_due ||
	    bundle->volume_next == bundle->manifest.volume_count)
		return fail(EINVAL, "there is no volume left in it");
	volume = &bundle->manifest.volume[bundle->volume_next++];
	p.volume = volume->name;
	p.packed_bytes = volume->payload_bytes;
	p.unpacked_bytes = volume->store_bytes;
	p.packed_digest = volume->payload_digest;
	return read_next(bundle, &p);
}

int bundle_end(struct bundle *bundle)
{
	ssize_t got;

	if (bundle->is_broken || bundle->volume_next != bundle->manifest.volume_count)
		return fail(EINVAL, "it was not read to its end");
	got = bundle->read(bundle->ctx, bundle->in, 1);
	if (got < 0)
		return (int)got;
	if (got)
		return fail(EBADMSG, "padded: it ends at byte %" PRIu64 ", and more follows",
			    bundle->total_bytes);
	return 0;
}

uint64_t bundle_done_bytes(const struct bundle *bundle)
{
	return bundle->done_bytes;
}

uint64_t bundle_total_bytes(const struct bundle *bundle)
{
	return bundle->total_bytes;
}

void bundle_close(struct bundle *bundle)
{
	if (bundle)
		(void)ZSTD_freeDCtx(bundle->zstd);	/* returns 0, always */
	free(bundle);
}
