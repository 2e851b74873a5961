/* SPDX-License-Identifier: MIT */
/*
 * The streaming reader.  Reads each byte once, holds no more than its buffers, and never lets more out
 * than the manifest said.  Holds I16, with reader_payload.c and reader_full.c: see read_head.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/sys.h"
#include "bundle/delta.h"
#include "bundle/reader_parts.h"

ssize_t bundle_read_fd(void *ctx, void *buf, size_t len_bytes)
{
	ssize_t got;

	do
		got = sys_read(*(const int *)ctx, buf, len_bytes);
	while (got == -EINTR);
	return got < 0 ? fail_sys((int)-got, "cannot read it") : got;
}

int bundle_skip_fd(void *ctx, uint64_t len_bytes)
{
	return sys_skip(*(const int *)ctx, len_bytes);
}

int reader_get(struct bundle *b, void *buf, size_t len_bytes)
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

/* The manifest into b->in, and the signatures: as they are, neither parsed. */
static int get_signed(struct bundle *b, const struct bundle_header *header)
{
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;
	int rc = reader_get(b, b->in, header->manifest_bytes);

	if (!rc)
		rc = reader_get(b, b->signatures, header->signature_bytes);
	if (rc)
		return rc;
	b->signature_bytes = header->signature_bytes;
	digest_begin(&digest);
	digest_add(&digest, b->in, header->manifest_bytes);
	digest_add(&digest, b->signatures, b->signature_bytes);
	digest_end(&digest, sum);
	if (!memcmp(sum, header->manifest_digest, DIGEST_BYTES))
		return 0;
	return fail(EBADMSG, header->signature_bytes ? "its manifest or a signature is damaged" :
						       "its manifest is damaged");
}

static int check_signatures(struct bundle *b, size_t manifest_bytes, const struct trust *trust)
{
	struct minisign_hash hash;

	minisign_hash_begin(&hash);
	minisign_hash_add(&hash, b->in, manifest_bytes);
	minisign_hash_end(&hash, b->signed_hash);
	return trust ? trust_check(trust, b->signatures, b->signature_bytes, b->signed_hash) : 0;
}

/* The signatures before the manifest: what nobody has signed is not even parsed. */
static int read_head(struct bundle *b, const struct trust *trust)
{
	uint8_t head[BUNDLE_HEADER_BYTES];
	struct bundle_header header;
	int rc = reader_get(b, head, sizeof(head));

	if (!rc)
		rc = bundle_header_decode(head, &header);
	if (!rc)
		rc = get_signed(b, &header);
	if (!rc)
		rc = check_signatures(b, header.manifest_bytes, trust);
	if (!rc)
		rc = manifest_parse((const char *)b->in, header.manifest_bytes, &b->manifest);
	if (rc)
		return rc;
	if (manifest_format(&b->manifest) != header.format)
		return fail(EBADMSG, "its header and its manifest are of different formats");
	b->boot_is_due = b->manifest.boot.image_bytes != 0;
	b->indexes_due = b->manifest.volume[0].frame_bytes ? b->manifest.volume_count : 0;
	b->total_bytes = b->done_bytes + manifest_payload_bytes(&b->manifest);
	return 0;
}

int bundle_open(bundle_read *read, void *ctx, const struct trust *trust, struct bundle **ret_bundle)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int rc;

	_Static_assert(BUNDLE_MANIFEST_MAX <= PIECE_BYTES, "the manifest is read into one piece");
	if (!b)
		return fail_sys(ENOMEM, "cannot read it");
	b->read = read;
	b->ctx = ctx;
	rc = read_head(b, trust);
	if (rc)
		bundle_close(b);
	else
		*ret_bundle = b;
	return rc;
}

void bundle_may_skip(struct bundle *bundle, const struct bundle_seek *seek)
{
	const struct bundle_manifest *m = &bundle->manifest;
	uint64_t frames_bytes = 0;

	if (seek->skip(bundle->ctx, 0))
		return;
	bundle->seek = *seek;
	for (unsigned v = 0; v < bundle->indexes_due; v++)
		frames_bytes += m->volume[v].payload_bytes;
	if (seek->want)
		seek->want(bundle->ctx, bundle->done_bytes,
			   bundle->total_bytes - bundle->done_bytes - frames_bytes);
}

const struct bundle_manifest *bundle_manifest(const struct bundle *bundle)
{
	return &bundle->manifest;
}

const char *bundle_signatures(const struct bundle *bundle, size_t *ret_len_bytes)
{
	*ret_len_bytes = bundle->signature_bytes;
	return bundle->signatures;
}

const uint8_t *bundle_signed_hash(const struct bundle *bundle)
{
	return bundle->signed_hash;
}

int reader_start(struct bundle *b)
{
	int rc = b->unpack ? 0 : unpack_open(&b->unpack);

	return rc ? fail_sys(-rc, "cannot start the process that unpacks it") : 0;
}

int reader_next(struct bundle *bundle, struct payload *p)
{
	int rc = reader_start(bundle);

	if (!rc)
		rc = payload_read(bundle, p);
	bundle->is_broken = rc != 0;
	return rc;
}

int bundle_boot_next(struct bundle *bundle, const struct cow_sink *sink)
{
	const struct bundle_boot *boot = &bundle->manifest.boot;
	struct payload p = { .packed_bytes = boot->payload_bytes,
			     .unpacked_bytes = boot->image_bytes,
			     .packed_digest = boot->payload_digest, .sink = sink };

	if (bundle->is_broken || !bundle->boot_is_due || bundle->indexes_due)
		return fail(EINVAL, "there is no boot image left in it");
	bundle->boot_is_due = false;
	return reader_next(bundle, &p);
}

static int to_delta(void *ctx, const void *data, size_t len_bytes)
{
	return delta_add(ctx, data, len_bytes);
}

/* The payload is a delta, whose output goes to the sink. */
static int read_delta(struct bundle *bundle, struct payload *p, const struct bundle_volume *volume,
		      const struct cow_source *old)
{
	struct delta *delta;
	struct cow_sink sink = { .write = to_delta };
	int rc = delta_open(volume, old, p->sink, &delta);

	if (rc)
		return rc;
	sink.ctx = delta;
	p->sink = &sink;
	p->unpacked_bytes = volume->delta_bytes;
	rc = reader_next(bundle, p);
	if (!rc)
		rc = delta_end(delta);
	if (rc == -EBADMSG)
		rc = fail_in(rc, "the payload of volume %s", volume->name);
	bundle->is_broken = rc != 0;
	delta_close(delta);
	return rc;
}

static bool volume_is_due(const struct bundle *bundle)
{
	return !bundle->is_broken && !bundle->boot_is_due && !bundle->indexes_due &&
	       bundle->volume_next < bundle->manifest.volume_count;
}

int bundle_image_next(struct bundle *bundle, const struct cow_sink *sink)
{
	int rc;

	if (!volume_is_due(bundle) || !bundle->full[bundle->volume_next])
		return fail(EINVAL, "there is no full volume left in it");
	rc = full_read_image(bundle, bundle->volume_next++, sink);
	bundle->is_broken = rc != 0;
	return rc;
}

int bundle_volume_next(struct bundle *bundle, const struct cow_source *old, const struct cow_sink *sink)
{
	const struct bundle_volume *volume;
	struct payload p = { .sink = sink };
	int rc;

	if (!volume_is_due(bundle))
		return fail(EINVAL, "there is no volume left in it");
	volume = &bundle->manifest.volume[bundle->volume_next++];
	if (volume->frame_bytes) {
		rc = full_read_store(bundle, bundle->volume_next - 1, sink);
		bundle->is_broken = rc != 0;
		return rc;
	}
	p.volume = volume->name;
	p.packed_bytes = volume->payload_bytes;
	p.unpacked_bytes = volume->store_bytes;
	p.packed_digest = volume->payload_digest;
	return volume->delta_bytes ? read_delta(bundle, &p, volume, old) : reader_next(bundle, &p);
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
	if (!bundle)
		return;
	for (unsigned v = 0; v < BUNDLE_VOLUMES_MAX; v++)
		full_close(bundle->full[v]);
	unpack_close(bundle->unpack);
	free(bundle);
}
