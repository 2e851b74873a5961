/* SPDX-License-Identifier: MIT */
/*
 * The writer.  The images are compared twice: first for the number of exceptions, which zstd wants
 * to know before it begins, then for the store itself and the digests.  Uses heap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "host/writer.h"

#define PIECE_BYTES (128u * 1024)

struct packer {
	const struct bundle_packing *packing;
	const struct bundle_input *input;
	struct digest old_digest, new_digest, payload_digest;
	uint64_t store_left_bytes, payload_bytes;
	ZSTD_CCtx *zstd;
	uint8_t out[PIECE_BYTES];
};

static void told(const struct packer *p, size_t len_bytes)
{
	if (p->packing->progress)
		p->packing->progress(p->packing->progress_ctx, len_bytes);
}

static void first_look(void *ctx, const uint8_t *old_data, size_t old_bytes,
		       const uint8_t *new_data, size_t new_bytes)
{
	(void)old_data;
	(void)new_data;
	told(ctx, old_bytes + new_bytes);
}

static void second_look(void *ctx, const uint8_t *old_data, size_t old_bytes,
			const uint8_t *new_data, size_t new_bytes)
{
	struct packer *p = ctx;

	digest_add(&p->old_digest, old_data, old_bytes);
	digest_add(&p->new_digest, new_data, new_bytes);
	told(p, old_bytes + new_bytes);
}

/* Packs len_bytes of the store; mode ZSTD_e_end ends the frame. */
static int pack(struct packer *p, const void *data, size_t len_bytes, ZSTD_EndDirective mode)
{
	ZSTD_inBuffer in = { data, len_bytes, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { p->out, sizeof(p->out), 0 };
		int rc;

		left = ZSTD_compressStream2(p->zstd, &out, &in, mode);
		if (ZSTD_isError(left))
			return fail(EIO, "cannot pack it: %s", ZSTD_getErrorName(left));
		if (!out.pos)
			continue;
		digest_add(&p->payload_digest, p->out, out.pos);
		p->payload_bytes += out.pos;
		rc = p->packing->payloads->write(p->packing->payloads->ctx, p->out, out.pos);
		if (rc)
			return rc;
	} while (in.pos < in.size || (mode == ZSTD_e_end && left));
	return 0;
}

static int images_changed(const struct packer *p)
{
	return fail(ESTALE, "the images of %s changed while they were read",
		    p->input ? p->input->name : "the boot slot");
}

static int pack_store(void *ctx, const void *data, size_t len_bytes)
{
	struct packer *p = ctx;

	if (len_bytes > p->store_left_bytes)
		return images_changed(p);
	p->store_left_bytes -= len_bytes;
	return pack(p, data, len_bytes, ZSTD_e_continue);
}

static int set_up(struct packer *p, uint64_t store_bytes)
{
	p->store_left_bytes = store_bytes;
	p->zstd = ZSTD_createCCtx();
	if (!p->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel,
						p->packing->level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1)) ||
	    ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(p->zstd, store_bytes)))
		return fail_sys(ENOMEM, "cannot pack it");
	return 0;
}

static int pack_volume(struct packer *p, struct bundle_volume *volume)
{
	const struct bundle_input *in = p->input;
	const struct cow_sink sink = { pack_store, p };
	struct cow_stats first, second;
	int rc;

	digest_begin(&p->old_digest);
	digest_begin(&p->new_digest);
	digest_begin(&p->payload_digest);
	rc = cow_write(&in->old_image, &in->new_image, in->chunk_sectors, NULL,
		       first_look, p, &first);
	if (!rc)
		rc = set_up(p, first.store_bytes);
	if (!rc)
		rc = cow_write(&in->old_image, &in->new_image, in->chunk_sectors, &sink,
			       second_look, p, &second);
	if (rc)
		return rc;
	if (memcmp(&first, &second, sizeof(first)))
		return images_changed(p);
	rc = pack(p, NULL, 0, ZSTD_e_end);
	if (rc)
		return rc;
	volume->image_bytes = in->new_image.size_bytes;
	volume->old_bytes = in->old_image.size_bytes;
	volume->chunk_sectors = in->chunk_sectors;
	volume->exceptions = first.exceptions;
	volume->store_bytes = first.store_bytes;
	volume->payload_bytes = p->payload_bytes;
	digest_end(&p->old_digest, volume->old_digest);
	digest_end(&p->new_digest, volume->new_digest);
	digest_end(&p->payload_digest, volume->payload_digest);
	return 0;
}

static int pack_image(struct packer *p, const struct cow_source *image)
{
	uint8_t piece[16384];
	int rc = set_up(p, image->size_bytes);

	for (uint64_t at = 0; !rc && at < image->size_bytes;) {
		uint64_t left = image->size_bytes - at;
		size_t len = left < sizeof(piece) ? (size_t)left : sizeof(piece);

		rc = image->read(image->ctx, at, piece, len);
		if (rc)
			return rc;
		digest_add(&p->new_digest, piece, len);
		rc = pack_store(p, piece, len);
		told(p, len);
		at += len;
	}
	return rc ? rc : pack(p, NULL, 0, ZSTD_e_end);
}

int bundle_pack_boot(const struct bundle_packing *packing, const struct cow_source *image,
		     struct bundle_manifest *manifest)
{
	struct bundle_boot *boot = &manifest->boot;
	struct packer *p;
	int rc;

	if (manifest->volume_count || boot->image_bytes)
		return fail(EINVAL, "the boot image comes first, and once");
	if (!image->size_bytes || image->size_bytes % SECTOR_BYTES)
		return fail(EINVAL, "the boot image is not whole sectors of %u bytes",
			    SECTOR_BYTES);
	p = calloc(1, sizeof(*p));
	if (!p)
		return fail_sys(ENOMEM, "cannot pack it");
	p->packing = packing;
	digest_begin(&p->new_digest);
	digest_begin(&p->payload_digest);
	rc = pack_image(p, image);
	if (!rc) {
		boot->image_bytes = image->size_bytes;
		boot->payload_bytes = p->payload_bytes;
		digest_end(&p->new_digest, boot->image_digest);
		digest_end(&p->payload_digest, boot->payload_digest);
	}
	(void)ZSTD_freeCCtx(p->zstd);	/* returns 0, always */
	free(p);
	return rc;
}

int bundle_pack(const struct bundle_packing *packing, const struct bundle_input *input,
		struct bundle_manifest *manifest)
{
	struct bundle_volume volume = { 0 };
	struct packer *p;
	int rc;

	if (!text_is_name(input->name) || text_copy(volume.name, sizeof(volume.name), input->name))
		return fail(EINVAL, "'%s' is no name for a volume", input->name);
	for (unsigned v = 0; v < manifest->volume_count; v++)
		if (!strcmp(manifest->volume[v].name, input->name))
			return fail(EINVAL, "volume %s is given twice", input->name);
	if (manifest->volume_count == BUNDLE_VOLUMES_MAX)
		return fail(EINVAL, "a bundle holds at most %u volumes", BUNDLE_VOLUMES_MAX);
	p = calloc(1, sizeof(*p));
	if (!p)
		return fail_sys(ENOMEM, "cannot pack it");
	p->packing = packing;
	p->input = input;
	rc = pack_volume(p, &volume);
	(void)ZSTD_freeCCtx(p->zstd);	/* returns 0, always */
	free(p);
	if (rc)
		return rc;
	manifest->volume[manifest->volume_count++] = volume;
	return 0;
}

static int copy_payloads(const struct cow_source *payloads, uint64_t len_bytes,
			 const struct cow_sink *sink)
{
	uint8_t piece[16384];

	for (uint64_t at = 0; at < len_bytes;) {
		uint64_t left = len_bytes - at;
		size_t len = left < sizeof(piece) ? (size_t)left : sizeof(piece);
		int rc = payloads->read(payloads->ctx, at, piece, len);

		if (!rc)
			rc = sink->write(sink->ctx, piece, len);
		if (rc)
			return rc;
		at += len;
	}
	return 0;
}

int bundle_emit(const struct bundle_manifest *manifest, const struct cow_source *payloads,
		const struct cow_sink *sink)
{
	char text[BUNDLE_MANIFEST_MAX];
	uint8_t head[BUNDLE_HEADER_BYTES];
	struct bundle_header header = { 0 };
	struct digest digest;
	size_t text_bytes;
	int rc = manifest_print(manifest, text, sizeof(text), &text_bytes);

	if (rc)
		return rc;
	header.format = manifest_format(manifest);
	header.manifest_bytes = (uint32_t)text_bytes;
	digest_begin(&digest);
	digest_add(&digest, text, text_bytes);
	digest_end(&digest, header.manifest_digest);
	bundle_header_encode(&header, head);
	rc = sink->write(sink->ctx, head, sizeof(head));
	if (!rc)
		rc = sink->write(sink->ctx, text, text_bytes);
	return rc ? rc : copy_payloads(payloads, manifest_payload_bytes(manifest), sink);
}
