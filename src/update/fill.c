/* SPDX-License-Identifier: MIT */
/* Writing and reading devices at length. */
#include "update/fill.h"

#include "base/stop.h"

#define FLUSH_EVERY_BYTES (32u << 20)

int fill_add(struct fill *fill, const void *data, size_t len_bytes)
{
	int rc = stop_asked();

	if (!rc && len_bytes)
		rc = dev_write(fill->dev, fill->at_bytes, data, len_bytes);
	if (rc)
		return rc;
	fill->at_bytes += len_bytes;
	fill->unflushed_bytes += len_bytes;
	if (fill->unflushed_bytes < FLUSH_EVERY_BYTES)
		return 0;
	fill->unflushed_bytes = 0;
	return dev_flush(fill->dev);
}

int fill_digest(const struct dev *dev, uint64_t at, uint64_t end_bytes, struct digest *digest,
		struct progress *progress)
{
	static uint8_t buf[FILL_PIECE_BYTES];

	while (at < end_bytes) {
		uint64_t left = end_bytes - at;
		size_t piece_bytes = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		int rc = stop_asked();

		if (!rc)
			rc = dev_read(dev, at, buf, piece_bytes);
		if (rc)
			return rc;
		digest_add(digest, buf, piece_bytes);
		if (progress)
			progress_add(progress, piece_bytes);
		at += piece_bytes;
	}
	return 0;
}
