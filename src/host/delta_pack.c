/* SPDX-License-Identifier: MIT */
/*
 * The volume is packed both ways, and the smaller one travels.  The frame of a delta has a window of
 * 1 MiB, which is what a board needs to unpack it.
 */
#include "host/delta_pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/fail.h"
#include "base/log.h"
#include "host/delta_write.h"

#define WINDOW_LOG 20

struct memory {
	uint8_t *bytes;
	uint64_t len_bytes;
};

static int count_bytes(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	(void)data;
	(void)len_bytes;
	return 0;
}

static int keep_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct memory *m = ctx;

	memcpy(m->bytes + m->len_bytes, data, len_bytes);	/* as long as it was the first time */
	m->len_bytes += len_bytes;
	return 0;
}

static int pack_plain_to_nowhere(const struct bundle_packing *packing, const struct bundle_input *input,
				 struct bundle_manifest *ret_manifest)
{
	const struct cow_sink nowhere = { .write = count_bytes };
	struct bundle_packing counting = *packing;

	memset(ret_manifest, 0, sizeof(*ret_manifest));
	counting.payloads = &nowhere;
	return bundle_pack(&counting, input, ret_manifest);
}

static int make_store(const struct bundle_input *input, uint64_t store_bytes, struct memory *store)
{
	const struct cow_sink sink = { keep_bytes, store };
	struct cow_stats first, stats;
	int rc = cow_write(&input->old_image, &input->new_image, input->chunk_sectors, NULL, NULL, NULL,
			   &first);

	if (!rc && first.store_bytes != store_bytes)
		return fail(ESTALE, "the images of %s changed while they were read", input->name);
	store->bytes = malloc(store_bytes);
	if (!rc && !store->bytes)
		rc = fail_sys(ENOMEM, "cannot hold the store of a delta");
	return rc ? rc : cow_write(&input->old_image, &input->new_image, input->chunk_sectors, &sink, NULL,
				   NULL, &stats);
}

/* One frame of it, in a buffer that is the caller's to free. */
static int squeeze(int level, const struct memory *plain, struct memory *ret_packed)
{
	size_t room = ZSTD_compressBound(plain->len_bytes), len;
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	ret_packed->bytes = malloc(room);
	if (!zstd || !ret_packed->bytes ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1)))
		len = 0;
	else
		len = ZSTD_compress2(zstd, ret_packed->bytes, room, plain->bytes, plain->len_bytes);
	(void)ZSTD_freeCCtx(zstd);	/* returns 0, always */
	if (!len || ZSTD_isError(len))
		return fail(ENOMEM, "cannot pack a delta");
	ret_packed->len_bytes = len;
	return 0;
}

/* The delta of the volume that was packed; -EFBIG: there is none. */
static int make_delta(const struct bundle_packing *packing, const struct bundle_input *input,
		      const struct bundle_volume *volume, struct memory *ret_packed, uint64_t *ret_delta_bytes)
{
	struct memory store = { 0 }, delta = { 0 };
	size_t len_bytes = 0;
	int rc = -EFBIG;

	if (volume->store_bytes <= DELTA_STORE_BYTES_MAX)
		rc = make_store(input, volume->store_bytes, &store);
	if (!rc)
		rc = delta_write(&input->old_image, store.bytes, input->chunk_sectors, volume->exceptions,
				 &delta.bytes, &len_bytes);
	free(store.bytes);
	delta.len_bytes = *ret_delta_bytes = len_bytes;
	if (!rc)
		rc = squeeze(packing->delta_level, &delta, ret_packed);
	free(delta.bytes);
	return rc;
}

static int take_delta(const struct bundle_packing *packing, struct bundle_volume *volume,
		      const struct memory *packed, uint64_t delta_bytes)
{
	struct digest digest;

	volume->delta_bytes = delta_bytes;
	volume->payload_bytes = packed->len_bytes;
	digest_begin(&digest);
	digest_add(&digest, packed->bytes, packed->len_bytes);
	digest_end(&digest, volume->payload_digest);
	return packing->payloads->write(packing->payloads->ctx, packed->bytes, packed->len_bytes);
}

int delta_pack(const struct bundle_packing *packing, const struct bundle_input *input,
	       struct bundle_manifest *manifest)
{
	static struct bundle_manifest plain;
	struct bundle_volume *volume = &plain.volume[0];
	struct bundle_packing again = *packing;
	struct memory packed = { 0 };
	uint64_t delta_bytes = 0;
	int rc = pack_plain_to_nowhere(packing, input, &plain);

	if (!rc && volume->exceptions)
		rc = make_delta(packing, input, volume, &packed, &delta_bytes);
	if (rc == -EFBIG) {
		log_note("%s is packed without a delta: its store is larger than 1 GiB, or its list has too "
			 "many runs", input->name);
		rc = 0;
	}
	if (!rc && packed.bytes && packed.len_bytes < volume->payload_bytes) {
		rc = take_delta(packing, volume, &packed, delta_bytes);
		if (!rc)
			manifest->volume[manifest->volume_count++] = *volume;
	} else if (!rc) {
		again.progress = NULL;	/* which has been told of these images */
		rc = bundle_pack(&again, input, manifest);
	}
	free(packed.bytes);
	return rc;
}
