/* SPDX-License-Identifier: MIT */
/*
 * A full volume: the new image in frames, each packed by itself, and before them an index with the digest of
 * each frame and of each chunk (docs/formats.md).  The index is compared with what is there, whatever that
 * is; then it is known exactly which chunks differ, and which frames have them.  Pure but for its source.
 *
 * A chunk's digest is short, and only finds what need not be fetched: what the image is worth says the digest
 * of the whole alone.
 */
#ifndef COWBOOT_BUNDLE_FULL_H
#define COWBOOT_BUNDLE_FULL_H

#include "bundle/manifest.h"
#include "cow/write.h"

#define FULL_FRAME_BYTES_MIN (64u * 1024)	/* of the image; the last frame may have less */
#define FULL_FRAME_BYTES_MAX (1024u * 1024)
#define FULL_FRAMES_MAX (1u << 16)		/* of all volumes of a bundle */
#define FULL_CHUNKS_MAX (1u << 24)
#define FULL_CHUNK_DIGEST_BYTES 8u		/* the first ones of its digest */
#define FULL_RECORD_HEAD_BYTES (4u + DIGEST_BYTES)
#define FULL_PACKED_BYTES_MAX (FULL_FRAME_BYTES_MAX + FULL_FRAME_BYTES_MAX / 256 + 64)

/* Whether the numbers of a full volume fit each other; and all volumes of a manifest together. */
bool full_fits(const struct bundle_volume *volume);
bool full_all_fit(const struct bundle_manifest *manifest);

/* Of a volume that full_fits. full_index_bytes: of any other 0. */
uint64_t full_frames(const struct bundle_volume *volume);
uint64_t full_chunks(const struct bundle_volume *volume);
uint64_t full_index_bytes(const struct bundle_volume *volume);

/* So much of the image is in that frame; and that much may be packed into so much. */
size_t full_frame_bytes(const struct bundle_volume *volume, uint64_t frame);
size_t full_packed_max(size_t image_bytes);

/* A chunk's digest: data may be shorter, where the image ends in it. */
void full_chunk_digest(const uint8_t *data, size_t len_bytes, uint8_t ret_digest[FULL_CHUNK_DIGEST_BYTES]);

struct full;

/*
 * volume is the manifest's and stays the caller's.  there: what is compared, at least image_bytes long and
 * read once from front to back; NULL: nothing is, and every chunk differs.  -ENOMEM.
 */
int full_open(const struct bundle_volume *volume, const struct cow_source *there, struct full **ret_full);

/* Takes the next bytes of the index. -EBADMSG with the bare reason; else what there said. */
int full_add(struct full *full, const uint8_t *data, size_t len_bytes);

/* After its last byte. -EBADMSG where it is not whole, or no index of this payload. */
int full_end(struct full *full);

/* How many chunks differ. */
uint64_t full_exceptions(const struct full *full);

/* The next chunk that differs, from the first one on, for each call; see storeout.h. */
uint64_t full_next_chunk(void *full);

/* Whether any chunk of that frame differs. */
bool full_wants(const struct full *full, uint64_t frame);
size_t full_packed_bytes(const struct full *full, uint64_t frame);

/* Whether these full_packed_bytes are that frame's: -EBADMSG, with the bare reason. */
int full_check(const struct full *full, uint64_t frame, const uint8_t *packed);

/*
 * Calls take with each chunk that differs, all chunk_sectors of it.  image is the frame unpacked, all
 * frame_bytes: zeros behind the end of the image.
 */
int full_each_chunk(const struct full *full, uint64_t frame, const uint8_t *image,
		    int (*take)(void *ctx, const uint8_t *data, size_t len_bytes), void *ctx);

/* Frees it, NULL included. */
void full_close(struct full *full);

#endif
