/* SPDX-License-Identifier: MIT */
/* Bundles as files.  Payloads that travel in blocks stay as they are, byte for byte. */
#include "host/bundle_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/fail.h"
#include "host/file.h"

#define PIECE_BYTES 65536u

static uint8_t piece[PIECE_BYTES];

/* Calls take, or adds to digest, for so many bytes of the file. */
static int pass(const struct bundle_file *f, uint64_t at_bytes, uint64_t len_bytes, struct digest *digest,
		const struct cow_sink *sink)
{
	while (len_bytes) {
		size_t len = len_bytes < PIECE_BYTES ? (size_t)len_bytes : PIECE_BYTES;
		int rc = dev_read(&f->dev, at_bytes, piece, len);

		if (!rc && digest)
			digest_add(digest, piece, len);
		if (!rc && sink)
			rc = sink->write(sink->ctx, piece, len);
		if (rc)
			return rc;
		at_bytes += len;
		len_bytes -= len;
	}
	return 0;
}

static int check_digest(const struct bundle_file *f, uint64_t at_bytes, uint64_t len_bytes,
			const uint8_t expect[DIGEST_BYTES], const char *what)
{
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;
	int rc;

	digest_begin(&digest);
	rc = pass(f, at_bytes, len_bytes, &digest, NULL);
	digest_end(&digest, sum);
	if (!rc && memcmp(sum, expect, DIGEST_BYTES))
		rc = fail(EBADMSG, "%s is damaged: its digest differs", what);
	return rc;
}

static int check_length(const struct bundle_file *f)
{
	uint64_t whole = f->payloads_at_bytes + manifest_payload_bytes(&f->manifest);

	if (f->dev.size_bytes < whole)
		return fail(EBADMSG, "truncated at byte %" PRIu64 " of %" PRIu64, f->dev.size_bytes,
			    whole);
	return f->dev.size_bytes > whole ? fail(EBADMSG, "padded: it ends at byte %" PRIu64
						", and more follows", whole) : 0;
}

static int read_head(struct bundle_file *f)
{
	uint8_t head[BUNDLE_HEADER_BYTES];
	struct bundle_header header;
	char text[BUNDLE_MANIFEST_MAX];
	int rc;

	if (f->dev.size_bytes < sizeof(head))
		return fail(EBADMSG, "truncated at byte %" PRIu64, f->dev.size_bytes);
	rc = dev_read(&f->dev, 0, head, sizeof(head));
	if (!rc)
		rc = bundle_header_decode(head, &header);
	if (rc)
		return rc;
	f->payloads_at_bytes = sizeof(head) + header.manifest_bytes + header.signature_bytes;
	if (f->dev.size_bytes < f->payloads_at_bytes)
		return fail(EBADMSG, "truncated at byte %" PRIu64, f->dev.size_bytes);
	rc = check_digest(f, sizeof(head), header.manifest_bytes + header.signature_bytes,
			  header.manifest_digest, "its manifest or a signature");
	if (!rc)
		rc = dev_read(&f->dev, sizeof(head), text, header.manifest_bytes);
	if (!rc)
		rc = dev_read(&f->dev, sizeof(head) + header.manifest_bytes, f->signatures,
			      header.signature_bytes);
	if (!rc)
		rc = manifest_parse(text, header.manifest_bytes, &f->manifest);
	return rc ? rc : check_length(f);
}

static int check_payloads(const struct bundle_file *f)
{
	const struct bundle_manifest *m = &f->manifest;
	uint64_t at_bytes = f->payloads_at_bytes + m->boot.payload_bytes;
	int rc = check_digest(f, f->payloads_at_bytes, m->boot.image_bytes ? m->boot.payload_bytes : 0,
			      m->boot.payload_digest, "the payload of the boot image");

	if (!m->boot.image_bytes)
		rc = 0;
	for (unsigned v = 0; v < m->volume_count && !rc; v++) {
		rc = check_digest(f, at_bytes, m->volume[v].payload_bytes,
				  m->volume[v].payload_digest, "a payload");
		at_bytes += m->volume[v].payload_bytes;
	}
	return rc;
}

static int read_payloads(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct bundle_file *f = ctx;

	return dev_read(&f->dev, f->payloads_at_bytes + offset_bytes, buf, len_bytes);
}

static struct cow_source payloads_of(struct bundle_file *f)
{
	return (struct cow_source){ read_payloads, f, manifest_payload_bytes(&f->manifest) };
}

int bundle_file_open(const char *path, struct bundle_file *ret_file)
{
	struct bundle_file *f = ret_file;
	struct cow_source payloads;
	int rc;

	memset(f, 0, sizeof(*f));
	f->dev = (struct dev)DEV_CLOSED;
	rc = file_open_input(path, &f->dev);
	if (!rc)
		rc = read_head(f);
	if (rc)
		return rc;
	f->was_in_blocks = f->manifest.in_blocks;
	if (f->was_in_blocks)
		return 0;
	rc = check_payloads(f);
	payloads = payloads_of(f);
	return rc ? rc : seal_make(&f->manifest, &payloads, &f->seal);
}

void bundle_file_close(struct bundle_file *file)
{
	seal_free(&file->seal);
	dev_close(&file->dev);
}

int bundle_file_emit(struct bundle_file *file, const char *signatures, const struct cow_sink *sink)
{
	const struct cow_source payloads = payloads_of(file);
	int rc;

	if (!file->was_in_blocks)
		return seal_emit(&file->seal, &file->manifest, signatures, &payloads, sink);
	rc = seal_emit_head(&file->manifest, signatures, sink);
	return rc ? rc : pass(file, file->payloads_at_bytes, manifest_payload_bytes(&file->manifest), NULL,
			      sink);
}
