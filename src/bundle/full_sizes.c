/* SPDX-License-Identifier: MIT */
/* How long the parts of a full volume are.  Pure. */
#include <string.h>

#include "base/bytes.h"
#include "bundle/full.h"

static uint64_t parts(uint64_t whole, uint64_t part)
{
	return whole / part + !!(whole % part);
}

uint64_t full_frames(const struct bundle_volume *volume)
{
	return parts(volume->image_bytes, volume->frame_bytes);
}

uint64_t full_chunks(const struct bundle_volume *volume)
{
	return parts(volume->image_bytes, (uint64_t)volume->chunk_sectors * SECTOR_BYTES);
}

uint64_t full_index_bytes(const struct bundle_volume *volume)
{
	return !volume->frame_bytes ? 0 : full_frames(volume) * FULL_RECORD_HEAD_BYTES +
					  full_chunks(volume) * FULL_CHUNK_DIGEST_BYTES;
}

size_t full_frame_bytes(const struct bundle_volume *volume, uint64_t frame)
{
	uint64_t left = volume->image_bytes - frame * volume->frame_bytes;

	return left < volume->frame_bytes ? (size_t)left : volume->frame_bytes;
}

size_t full_packed_max(size_t image_bytes)
{
	return image_bytes + image_bytes / 256 + 64;
}

bool full_fits(const struct bundle_volume *volume)
{
	uint64_t frames;

	if (!cow_chunk_ok(volume->chunk_sectors) || !volume->image_bytes ||
	    volume->frame_bytes < FULL_FRAME_BYTES_MIN || volume->frame_bytes > FULL_FRAME_BYTES_MAX ||
	    volume->frame_bytes & (volume->frame_bytes - 1) ||
	    volume->chunk_sectors > volume->frame_bytes / SECTOR_BYTES)
		return false;
	frames = full_frames(volume);
	return frames <= FULL_FRAMES_MAX && full_chunks(volume) <= FULL_CHUNKS_MAX &&
	       volume->payload_bytes >= frames &&
	       volume->payload_bytes <= volume->image_bytes + volume->image_bytes / 256 + 64 * frames;
}

bool full_all_fit(const struct bundle_manifest *manifest)
{
	uint64_t frames = 0, chunks = 0;

	for (unsigned v = 0; v < manifest->volume_count; v++) {
		frames += full_frames(&manifest->volume[v]);
		chunks += full_chunks(&manifest->volume[v]);
	}
	return frames <= FULL_FRAMES_MAX && chunks <= FULL_CHUNKS_MAX;
}

void full_chunk_digest(const uint8_t *data, size_t len_bytes, uint8_t ret_digest[FULL_CHUNK_DIGEST_BYTES])
{
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, data, len_bytes);
	digest_end(&digest, sum);
	memcpy(ret_digest, sum, FULL_CHUNK_DIGEST_BYTES);
}
