/* SPDX-License-Identifier: MIT */
/*
 * Whole bundles, as install reads them.  The digests in the input are mended first, so that what comes
 * behind them is reached: nobody who wants to do harm writes wrong ones.
 */
#include "fuzz.h"

#include "bundle/full.h"
#include "bundle/reader.h"
#include "cow/check.h"

#define OUT_BYTES_MAX (8u << 20)

static void sum(const uint8_t *data, size_t len_bytes, uint8_t ret_digest[DIGEST_BYTES])
{
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, data, len_bytes);
	digest_end(&digest, ret_digest);
}

/* Each block but the last has the digest of the next behind it, so they are mended from the end. */
static void mend_blocks(uint8_t *payload, size_t travel_bytes, uint8_t first[DIGEST_BYTES])
{
	const size_t step = BUNDLE_BLOCK_BYTES + DIGEST_BYTES;
	size_t at = (travel_bytes - 1) / step * step, len_bytes = travel_bytes - at;

	while (at) {
		sum(payload + at, len_bytes, payload + at - DIGEST_BYTES);
		at -= step;
		len_bytes = step;
	}
	sum(payload, len_bytes, first);
}

/* Mends one payload; where the next one begins, 0: it reaches past the end. */
static size_t mend_payload(uint8_t *bundle, size_t len_bytes, size_t at, const struct bundle_manifest *m,
			   uint64_t payload_bytes, uint8_t digest[DIGEST_BYTES])
{
	const uint64_t travel_bytes = digest ? manifest_travel_bytes(m, payload_bytes) : payload_bytes;

	if (!at || !travel_bytes || travel_bytes > len_bytes - at)
		return 0;
	if (!digest)
		return at + (size_t)travel_bytes;	/* mend_frames has */
	if (m->in_blocks)
		mend_blocks(bundle + at, (size_t)travel_bytes, digest);
	else
		sum(bundle + at, (size_t)travel_bytes, digest);
	return at + (size_t)travel_bytes;
}

/* The digests of frames in the records of an index of one block; where the volume's frames end. */
static size_t mend_frames(uint8_t *bundle, size_t len_bytes, size_t index_at, size_t at,
			  const struct bundle_volume *v)
{
	const uint64_t chunk_bytes = (uint64_t)v->chunk_sectors * 512;

	for (uint64_t frame = 0; frame < full_frames(v); frame++) {
		size_t packed_bytes = get_le32(bundle + index_at);

		if (packed_bytes > len_bytes - at)
			return len_bytes;
		sum(bundle + at, packed_bytes, bundle + index_at + 4);
		index_at += FULL_RECORD_HEAD_BYTES + FULL_CHUNK_DIGEST_BYTES *
			    ((full_frame_bytes(v, frame) + chunk_bytes - 1) / chunk_bytes);
		at += packed_bytes;
	}
	return at;
}

/* Before the blocks of the indexes, which have those digests. */
static void mend_full(uint8_t *bundle, size_t len_bytes, size_t at, const struct bundle_manifest *m)
{
	uint64_t boot_bytes = m->boot.image_bytes ? m->boot.payload_bytes : 0;
	uint64_t frames_at = at + manifest_travel_bytes(m, boot_bytes);

	for (unsigned v = 0; v < m->volume_count; v++) {
		if (full_index_bytes(&m->volume[v]) > BUNDLE_BLOCK_BYTES)
			return;
		frames_at += full_index_bytes(&m->volume[v]);
	}
	for (unsigned v = 0; v < m->volume_count && frames_at < len_bytes; v++) {
		frames_at = mend_frames(bundle, len_bytes, at, (size_t)frames_at, &m->volume[v]);
		at += (size_t)full_index_bytes(&m->volume[v]);
	}
}

static void mend(uint8_t *bundle, size_t len_bytes)
{
	static char text[2 * BUNDLE_MANIFEST_MAX];
	static struct bundle_manifest m;
	struct bundle_header h;
	size_t at, text_bytes;
	char *manifest = (char *)bundle + BUNDLE_HEADER_BYTES;

	if (len_bytes < BUNDLE_HEADER_BYTES || bundle_header_decode(bundle, &h))
		return;
	at = BUNDLE_HEADER_BYTES + h.manifest_bytes + h.signature_bytes;
	if (at > len_bytes)
		return;
	if (!manifest_parse(manifest, h.manifest_bytes, &m)) {
		if (m.volume[0].frame_bytes)
			mend_full(bundle, len_bytes, at, &m);
		for (unsigned v = 0; v < m.volume_count && m.volume[v].frame_bytes; v++)
			at = mend_payload(bundle, len_bytes, at, &m, full_index_bytes(&m.volume[v]),
					  m.volume[v].index_digest);
		if (m.boot.image_bytes)
			at = mend_payload(bundle, len_bytes, at, &m, m.boot.payload_bytes, m.boot.payload_digest);
		for (unsigned v = 0; v < m.volume_count; v++)
			at = mend_payload(bundle, len_bytes, at, &m, m.volume[v].payload_bytes,
					  m.volume[v].frame_bytes ? NULL : m.volume[v].payload_digest);
		if (!manifest_print(&m, text, sizeof(text), &text_bytes) && text_bytes == h.manifest_bytes)
			memcpy(manifest, text, text_bytes);
	}
	sum(bundle + BUNDLE_HEADER_BYTES, h.manifest_bytes + h.signature_bytes, bundle + 32);
}

struct feed {
	const uint8_t *data;
	size_t left_bytes, piece_bytes;
};

static ssize_t feed_read(void *ctx, void *buf, size_t len_bytes)
{
	struct feed *f = ctx;
	size_t piece = f->piece_bytes < f->left_bytes ? f->piece_bytes : f->left_bytes;

	if (piece > len_bytes)
		piece = len_bytes;
	memcpy(buf, f->data, piece);
	f->data += piece;
	f->left_bytes -= piece;
	return (ssize_t)piece;
}

static int read_all(struct bundle *b)
{
	const struct bundle_manifest *m = bundle_manifest(b);
	struct fuzz_sink room = { 0, OUT_BYTES_MAX };
	const struct cow_sink sink = { fuzz_write, &room };
	int rc = 0;

	for (unsigned v = 0; v < m->volume_count && m->volume[v].frame_bytes && !rc; v++)
		rc = bundle_compare_next(b, NULL);
	if (!rc && m->boot.image_bytes)
		rc = bundle_boot_next(b, &sink);

	must(rc || room.bytes == m->boot.image_bytes);
	for (unsigned v = 0; v < m->volume_count && !rc; v++) {
		room.bytes = 0;
		rc = bundle_volume_next(b, NULL, &sink);
		must(rc || room.bytes == m->volume[v].store_bytes);
	}
	if (!rc)
		rc = bundle_end(b);
	must(rc || bundle_done_bytes(b) == bundle_total_bytes(b));
	return rc;
}

/* A key that nobody has: its signatures are refused, those of others are passed over. */
static const struct trust trust = { .needed = 0, .count = 1, .key = { { { 1 }, { 2 } } } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	uint8_t *copy = fuzz_copy(data, len_bytes);
	struct bundle *b;

	mend(copy, len_bytes);
	for (unsigned i = 0; i < 2; i++) {
		struct feed feed = { copy, len_bytes, len_bytes % 4093 + 1 };

		if (bundle_open(feed_read, &feed, i ? NULL : &trust, &b))
			continue;
		(void)read_all(b);
		bundle_close(b);
	}
	free(copy);
	return 0;
}
