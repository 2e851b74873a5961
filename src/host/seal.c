/* SPDX-License-Identifier: MIT */
/* Payloads in blocks.  Uses heap: 32 bytes for each 128 KiB of the bundle. */
#include "host/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/full.h"
#include "bundle/trust.h"

/* The payloads of a manifest: the indexes of full volumes, the boot image's, then the volumes'. */
#define PAYLOADS_MAX (2 * BUNDLE_VOLUMES_MAX + 1)

struct part {
	uint64_t at_bytes, len_bytes;
	size_t first_block, blocks;
	uint8_t *digest;		/* in the manifest; NULL: an index has the digests of what is in it */
};

static unsigned list_parts(struct bundle_manifest *m, struct part parts[PAYLOADS_MAX])
{
	uint64_t at_bytes = 0;
	size_t block = 0;
	unsigned count = 0;

	for (unsigned v = 0; v < m->volume_count; v++)
		if (m->volume[v].frame_bytes)
			parts[count++] = (struct part){ .len_bytes = full_index_bytes(&m->volume[v]),
							.digest = m->volume[v].index_digest };
	if (m->boot.image_bytes)
		parts[count++] = (struct part){ .len_bytes = m->boot.payload_bytes,
						.digest = m->boot.payload_digest };
	for (unsigned v = 0; v < m->volume_count; v++)
		parts[count++] = (struct part){ .len_bytes = m->volume[v].payload_bytes,
						.digest = m->volume[v].frame_bytes ? NULL :
							  m->volume[v].payload_digest };
	for (unsigned i = 0; i < count; i++) {
		parts[i].at_bytes = at_bytes;
		parts[i].first_block = block;
		parts[i].blocks = (size_t)((parts[i].len_bytes - 1) / BUNDLE_BLOCK_BYTES + 1);
		at_bytes += parts[i].len_bytes;
		block += parts[i].blocks;
	}
	return count;
}

static size_t block_bytes(const struct part *part, size_t block)
{
	uint64_t left = part->len_bytes - (uint64_t)block * BUNDLE_BLOCK_BYTES;

	return left < BUNDLE_BLOCK_BYTES ? (size_t)left : BUNDLE_BLOCK_BYTES;
}

/* Block number `block` of the part as it travels: its bytes, then the digest of the next. */
static int read_block(const struct seal *seal, const struct part *part, size_t block,
		      const struct cow_source *payloads, uint8_t *buf, size_t *ret_len_bytes)
{
	size_t len = block_bytes(part, block);
	int rc = payloads->read(payloads->ctx, part->at_bytes + (uint64_t)block * BUNDLE_BLOCK_BYTES,
				buf, len);

	*ret_len_bytes = len;
	if (rc || block + 1 == part->blocks || !part->digest)
		return rc;
	memcpy(buf + len, seal->digest[part->first_block + block + 1], DIGEST_BYTES);
	*ret_len_bytes += DIGEST_BYTES;
	return 0;
}

static int seal_part(struct seal *seal, const struct part *part, const struct cow_source *payloads)
{
	static uint8_t buf[BUNDLE_BLOCK_BYTES + DIGEST_BYTES];
	struct digest digest;

	for (size_t block = part->digest ? part->blocks : 0; block--;) {
		size_t len;
		int rc = read_block(seal, part, block, payloads, buf, &len);

		if (rc)
			return rc;
		digest_begin(&digest);
		digest_add(&digest, buf, len);
		digest_end(&digest, seal->digest[part->first_block + block]);
	}
	if (part->digest)
		memcpy(part->digest, seal->digest[part->first_block], DIGEST_BYTES);
	return 0;
}

int seal_make(struct bundle_manifest *manifest, const struct cow_source *payloads,
	      struct seal *ret_seal)
{
	struct part parts[PAYLOADS_MAX];
	unsigned count = list_parts(manifest, parts);
	int rc = 0;

	ret_seal->count = parts[count - 1].first_block + parts[count - 1].blocks;
	ret_seal->digest = calloc(ret_seal->count, sizeof(*ret_seal->digest));
	if (!ret_seal->digest)
		return fail_sys(ENOMEM, "cannot seal it");
	manifest->in_blocks = true;
	for (unsigned i = 0; i < count && !rc; i++)
		rc = seal_part(ret_seal, &parts[i], payloads);
	return rc;
}

void seal_free(struct seal *seal)
{
	free(seal->digest);
	seal->digest = NULL;
}

static int emit_parts(const struct seal *seal, const struct part *parts, unsigned count,
		      const struct cow_source *payloads, const struct cow_sink *sink)
{
	static uint8_t buf[BUNDLE_BLOCK_BYTES + DIGEST_BYTES];

	for (unsigned i = 0; i < count; i++)
		for (size_t block = 0; block < parts[i].blocks; block++) {
			size_t len;
			int rc = read_block(seal, &parts[i], block, payloads, buf, &len);

			if (!rc)
				rc = sink->write(sink->ctx, buf, len);
			if (rc)
				return rc;
		}
	return 0;
}

int seal_emit_head(const struct bundle_manifest *manifest, const char *signatures,
		   const struct cow_sink *sink)
{
	struct bundle_header header = { .format = manifest_format(manifest) };
	size_t text_bytes, signature_bytes = strlen(signatures);
	char text[BUNDLE_MANIFEST_MAX];
	uint8_t head[BUNDLE_HEADER_BYTES];
	struct digest digest;
	int rc = manifest_print(manifest, text, sizeof(text), &text_bytes);

	if (!rc && ((!signature_bytes && header.format == BUNDLE_FORMAT_SIGNED) ||
		    signature_bytes > TRUST_SIGNATURES_MAX))
		rc = fail(E2BIG, "its signatures are %zu bytes, and %u are the most", signature_bytes,
			  TRUST_SIGNATURES_MAX);
	if (rc)
		return rc;
	header.manifest_bytes = (uint32_t)text_bytes;
	header.signature_bytes = (uint32_t)signature_bytes;
	digest_begin(&digest);
	digest_add(&digest, text, text_bytes);
	digest_add(&digest, signatures, signature_bytes);
	digest_end(&digest, header.manifest_digest);
	bundle_header_encode(&header, head);
	rc = sink->write(sink->ctx, head, sizeof(head));
	if (!rc)
		rc = sink->write(sink->ctx, text, text_bytes);
	return rc ? rc : sink->write(sink->ctx, signatures, signature_bytes);
}

int seal_emit(const struct seal *seal, const struct bundle_manifest *manifest,
	      const char *signatures, const struct cow_source *payloads, const struct cow_sink *sink)
{
	struct bundle_manifest copy = *manifest;	/* whose digests list_parts could change */
	struct part parts[PAYLOADS_MAX];
	unsigned count = list_parts(&copy, parts);
	int rc = seal_emit_head(manifest, signatures, sink);

	return rc ? rc : emit_parts(seal, parts, count, payloads, sink);
}
