/* SPDX-License-Identifier: MIT */
/* An index, of a volume whose numbers come first, each within what a manifest may say. */
#include "fuzz.h"

#include "bundle/full.h"

#define GEOMETRY_BYTES 8u
#define IMAGE_BYTES_MAX (300u * 1024)

static uint8_t image[FULL_FRAME_BYTES_MAX];

static int take(void *ctx, const uint8_t *data, size_t len_bytes)
{
	uint64_t *taken = ctx;

	must(data >= image && data + len_bytes <= image + sizeof(image));
	(*taken)++;
	return 0;
}

/* All chunks that differ, once by the list and once by the frames. */
static void look(struct full *full, const struct bundle_volume *volume)
{
	uint64_t taken = 0, chunk = 0;

	for (uint64_t frame = 0; frame < full_frames(volume); frame++) {
		const uint64_t before = taken;
		size_t packed_bytes = full_packed_bytes(full, frame);

		must(packed_bytes && packed_bytes <= full_packed_max(full_frame_bytes(volume, frame)));
		must(!full_each_chunk(full, frame, image, take, &taken));
		must(full_wants(full, frame) == (taken > before));
	}
	must(taken == full_exceptions(full));
	for (uint64_t listed = 0; listed < taken; listed++) {
		uint64_t next = full_next_chunk(full);

		must(next < full_chunks(volume) && (!listed || next > chunk));
		chunk = next;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct bundle_volume volume = { .name = "system", .frame_bytes = FULL_FRAME_BYTES_MIN };
	struct fuzz_disk disk = { image, 0 };
	const struct cow_source there = { fuzz_read, &disk, IMAGE_BYTES_MAX };
	size_t piece, index_bytes;
	struct full *full;
	int rc = 0;

	if (len_bytes < GEOMETRY_BYTES)
		return 0;
	volume.chunk_sectors = 1u << data[0] % 8;
	volume.image_bytes = 1 + get_le32(data + 1) % IMAGE_BYTES_MAX;
	volume.frame_bytes <<= data[5] % 5;
	piece = 1 + data[6];
	data += GEOMETRY_BYTES;
	len_bytes -= GEOMETRY_BYTES;
	index_bytes = (size_t)full_index_bytes(&volume);
	volume.payload_bytes = (uint64_t)data[-1] << 12 | data[-2];
	if (!volume.payload_bytes)
		volume.payload_bytes = 1;
	must(!full_open(&volume, data[-1] & 1 ? &there : NULL, &full));
	for (size_t at = 0; at < len_bytes && at < index_bytes && !rc; at += piece) {
		size_t left = (len_bytes < index_bytes ? len_bytes : index_bytes) - at;

		rc = full_add(full, data + at, left < piece ? left : piece);
	}
	if (!rc && !full_end(full))
		look(full, &volume);
	full_close(full);
	return 0;
}
