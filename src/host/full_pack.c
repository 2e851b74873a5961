/* SPDX-License-Identifier: MIT */
/* Packing a full volume.  Each frame stands alone, so that a board can take those that it needs. */
#include "host/full_pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "bundle/full.h"

#define FRAMES_GOOD 16384u

struct packer {
	const struct bundle_packing *packing;
	const struct bundle_input *input;
	struct bundle_volume *volume;
	ZSTD_CCtx *zstd;
	uint8_t *image, *packed;
	struct digest digest;
	uint8_t *index;			/* where the next record goes */
};

static void put_record(struct packer *p, size_t image_bytes, size_t packed_bytes)
{
	const size_t chunk_bytes = (size_t)p->volume->chunk_sectors * SECTOR_BYTES;
	struct digest digest;

	put_le32(p->index, (uint32_t)packed_bytes);
	digest_begin(&digest);
	digest_add(&digest, p->packed, packed_bytes);
	digest_end(&digest, p->index + 4);
	p->index += FULL_RECORD_HEAD_BYTES;
	for (size_t at = 0; at < image_bytes; at += chunk_bytes) {
		size_t left = image_bytes - at;

		full_chunk_digest(p->image + at, left < chunk_bytes ? left : chunk_bytes, p->index);
		p->index += FULL_CHUNK_DIGEST_BYTES;
	}
}

static int pack_frame(struct packer *p, uint64_t frame)
{
	const struct cow_source *image = &p->input->new_image;
	const size_t image_bytes = full_frame_bytes(p->volume, frame);
	size_t len;
	int rc = image->read(image->ctx, frame * p->volume->frame_bytes, p->image, image_bytes);

	if (rc)
		return rc;
	len = ZSTD_compress2(p->zstd, p->packed, FULL_PACKED_BYTES_MAX, p->image, image_bytes);
	if (ZSTD_isError(len))
		return fail(EIO, "cannot pack it: %s", ZSTD_getErrorName(len));
	digest_add(&p->digest, p->image, image_bytes);
	put_record(p, image_bytes, len);
	p->volume->payload_bytes += len;
	if (p->packing->progress)
		p->packing->progress(p->packing->progress_ctx, image_bytes);
	return p->packing->payloads->write(p->packing->payloads->ctx, p->packed, len);
}

static int pack_frames(struct packer *p)
{
	int rc = 0;

	p->zstd = ZSTD_createCCtx();
	p->image = malloc(FULL_FRAME_BYTES_MAX);
	p->packed = malloc(FULL_PACKED_BYTES_MAX);
	if (!p->zstd || !p->image || !p->packed ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, p->packing->level)))
		rc = fail_sys(ENOMEM, "cannot pack it");
	digest_begin(&p->digest);
	for (uint64_t frame = 0; !rc && frame < full_frames(p->volume); frame++)
		rc = pack_frame(p, frame);
	digest_end(&p->digest, p->volume->new_digest);
	(void)ZSTD_freeCCtx(p->zstd);	/* returns 0, always */
	free(p->image);
	free(p->packed);
	return rc;
}

static int make_room(struct full_indexes *indexes, uint64_t more_bytes)
{
	uint8_t *bytes = realloc(indexes->bytes, indexes->len_bytes + more_bytes);

	if (!bytes)
		return fail_sys(ENOMEM, "cannot hold its index");
	indexes->bytes = bytes;
	indexes->len_bytes += more_bytes;
	return 0;
}

/* The smallest frames of which there are not too many: their digests are sent, and kept by the board. */
static uint32_t choose_frames(const struct bundle_packing *packing, uint32_t chunk_sectors)
{
	uint32_t frame_bytes = FULL_FRAME_BYTES_MIN;

	while (frame_bytes < FULL_FRAME_BYTES_MAX &&
	       (packing->all_bytes / frame_bytes > FRAMES_GOOD || frame_bytes < chunk_sectors * SECTOR_BYTES))
		frame_bytes *= 2;
	return frame_bytes;
}

int full_pack(const struct bundle_packing *packing, const struct bundle_input *input,
	      struct bundle_manifest *manifest, struct full_indexes *indexes)
{
	struct bundle_volume *volume = &manifest->volume[manifest->volume_count];
	struct packer p = { .packing = packing, .input = input, .volume = volume };
	const size_t index_at = indexes->len_bytes;
	int rc;

	memset(volume, 0, sizeof(*volume));
	if (text_copy(volume->name, sizeof(volume->name), input->name))
		return fail(EINVAL, "'%s' is no name for a volume", input->name);
	volume->image_bytes = volume->old_bytes = input->new_image.size_bytes;
	volume->chunk_sectors = input->chunk_sectors;
	volume->frame_bytes = choose_frames(packing, input->chunk_sectors);
	manifest->volume_count++;
	if (!full_all_fit(manifest) || volume->chunk_sectors > volume->frame_bytes / SECTOR_BYTES)
		return fail(EFBIG, "its images are too large for a full bundle, or its chunks are");
	rc = make_room(indexes, full_index_bytes(volume));
	if (rc)
		return rc;
	p.index = indexes->bytes + index_at;
	return pack_frames(&p);
}

void full_indexes_free(struct full_indexes *indexes)
{
	free(indexes->bytes);
	*indexes = (struct full_indexes){ 0 };
}

static int read_both(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct full_payloads *both = ctx;
	const size_t indexes_bytes = both->indexes->len_bytes;
	size_t from_indexes = 0;

	if (offset_bytes < indexes_bytes) {
		from_indexes = indexes_bytes - (size_t)offset_bytes;
		if (from_indexes > len_bytes)
			from_indexes = len_bytes;
		memcpy(buf, both->indexes->bytes + offset_bytes, from_indexes);
	}
	if (from_indexes == len_bytes)
		return 0;
	return both->payloads->read(both->payloads->ctx, offset_bytes + from_indexes - indexes_bytes,
				    (uint8_t *)buf + from_indexes, len_bytes - from_indexes);
}

struct cow_source full_source(struct full_payloads *both)
{
	return (struct cow_source){ read_both, both,
				    both->indexes->len_bytes + both->payloads->size_bytes };
}
