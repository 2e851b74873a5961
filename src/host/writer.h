/* SPDX-License-Identifier: MIT */
/*
 * Making a bundle: the same images and options give the same bytes.  In two steps, because the
 * manifest stands before the payloads and holds their digests: pack writes the payloads to a
 * scratch place, emit writes the bundle with them.  One thread: zstd's output depends on how many.
 */
#ifndef COWBOOT_HOST_WRITER_H
#define COWBOOT_HOST_WRITER_H

#include "bundle/manifest.h"
#include "cow/write.h"

#define BUNDLE_LEVEL_DEFAULT 9
#define BUNDLE_LEVEL_MAX 19	/* above it unpacking would need more than 8 MiB */

struct bundle_input {
	const char *name;		/* of the volume */
	struct cow_source old_image, new_image;
	uint32_t chunk_sectors;
};

struct bundle_packing {
	int level;			/* of zstd, 1 to BUNDLE_LEVEL_MAX */
	int delta_level;		/* the same, of a delta (host/delta_pack.h) */
	uint64_t all_bytes;		/* of all new images; for full_pack (host/full_pack.h) */
	const struct cow_sink *payloads;
	/* May be NULL. Told of each piece of the images, every one of which is looked at twice. */
	void (*progress)(void *ctx, uint64_t more_bytes);
	void *progress_ctx;
};

/*
 * Writes the payload of input to packing->payloads and adds the volume to manifest.  -EINVAL: a
 * name, size or chunk size that no bundle may have; -ESTALE: an image changed while it was read;
 * else what source and sink returned.  The bare reason is in base/fail.h.
 */
int bundle_pack(const struct bundle_packing *packing, const struct bundle_input *input,
		struct bundle_manifest *manifest);

/* The same for the boot image, which must come before every volume; it has whole sectors. */
int bundle_pack_boot(const struct bundle_packing *packing, const struct cow_source *image,
		     struct bundle_manifest *manifest);

/* Writes the bundle: header, manifest, then the payloads, which payloads holds in that order. */
int bundle_emit(const struct bundle_manifest *manifest, const struct cow_source *payloads,
		const struct cow_sink *sink);

#endif
