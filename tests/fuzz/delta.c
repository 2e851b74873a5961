/* SPDX-License-Identifier: MIT */
/* A delta of a volume whose numbers come first, each within what a manifest may say. */
#include "fuzz.h"

#include "bundle/delta.h"

#define GEOMETRY_BYTES 8u
#define OLD_BYTES_MAX (1u << 20)

static uint8_t old[OLD_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct bundle_volume volume = { .name = "system" };
	struct fuzz_disk disk = { old, sizeof(old) };
	const struct cow_source source = { fuzz_read, &disk, sizeof(old) };
	struct fuzz_sink room = { 0 };
	const struct cow_sink sink = { fuzz_write, &room };
	struct delta *delta;
	size_t piece;
	int rc = 0;

	if (len_bytes < GEOMETRY_BYTES)
		return 0;
	volume.chunk_sectors = 1u << data[0] % 8;
	volume.image_bytes = 1 + get_le32(data) % OLD_BYTES_MAX;
	volume.old_bytes = 1 + get_le32(data + 4) % OLD_BYTES_MAX;
	volume.exceptions = data[7] % (volume.image_bytes / (volume.chunk_sectors * 512) + 1);
	volume.store_bytes = cow_store_bytes(volume.chunk_sectors, volume.exceptions);
	room.max_bytes = volume.store_bytes;
	disk.len_bytes = volume.old_bytes;
	piece = 1 + data[3];
	must(!delta_open(&volume, &source, &sink, &delta));
	for (size_t at = GEOMETRY_BYTES; at < len_bytes; at += piece) {
		size_t left = len_bytes - at;

		rc = delta_add(delta, data + at, left < piece ? left : piece);
		if (rc)
			break;
	}
	must(rc != -ENOSPC);	/* more than the manifest says never comes out */
	if (!rc && !delta_end(delta))
		must(room.bytes == volume.store_bytes);
	delta_close(delta);
	return 0;
}
