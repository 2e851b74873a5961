/* SPDX-License-Identifier: MIT */
/* A store's bytes in their order.  Must never let an older store's list come alive again. */
#include "update/lay.h"

#include <string.h>

#include "base/bytes.h"
#include "update/store.h"

_Static_assert(COW_MARK_OFFSET + COW_MARK_BYTES <= LAY_HEAD_BYTES, "the mark comes with the header");

/*
 * An older store that lay here must not come alive again: its header and first area are zeroed,
 * durably, before anything new is written (docs/kernel-behaviour.md, section 2).
 */
static int wipe(const struct dev *dev, uint64_t len_bytes)
{
	static const uint8_t zeros[64 * 1024];

	for (uint64_t at = 0; at < len_bytes;) {
		uint64_t left = len_bytes - at;
		size_t piece_bytes = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);
		int rc = dev_write(dev, at, zeros, piece_bytes);

		if (rc)
			return rc;
		at += piece_bytes;
	}
	return dev_flush(dev);
}

int lay_begin(struct lay *lay, const struct dev *dev, uint32_t chunk_sectors)
{
	*lay = (struct lay){ .fill = { .dev = dev } };
	return wipe(dev, 2 * (uint64_t)chunk_sectors * SECTOR_BYTES);
}

int lay_add(struct lay *lay, const void *data, size_t len_bytes)
{
	const uint8_t *from = data;

	if (lay->fill.at_bytes < LAY_HEAD_BYTES) {
		size_t head_bytes = LAY_HEAD_BYTES - (size_t)lay->fill.at_bytes;

		if (head_bytes > len_bytes)
			head_bytes = len_bytes;
		memcpy(lay->head + lay->fill.at_bytes, from, head_bytes);
		lay->fill.at_bytes += head_bytes;
		from += head_bytes;
		len_bytes -= head_bytes;
	}
	return fill_add(&lay->fill, from, len_bytes);
}

int lay_end(struct lay *lay, const struct record *rec, unsigned v)
{
	const struct dev *dev = lay->fill.dev;
	struct cow_mark mark = store_mark(rec, v);
	int rc = kept_write(dev, rec, v);

	if (!rc)
		rc = dev_flush(dev);
	if (rc)
		return rc;
	cow_mark_encode(&mark, lay->head + COW_MARK_OFFSET);
	rc = dev_write(dev, 0, lay->head, sizeof(lay->head));
	return rc ? rc : dev_flush(dev);
}
