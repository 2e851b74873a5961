/* SPDX-License-Identifier: MIT */
/*
 * Filling a device from front to back, and reading it through: what installs and restores share.
 * Both ask base/stop.h between two pieces.
 */
#ifndef COWBOOT_UPDATE_FILL_H
#define COWBOOT_UPDATE_FILL_H

#include "base/progress.h"
#include "bundle/digest.h"
#include "storage/dev.h"

#define FILL_PIECE_BYTES (256u * 1024)

/* Begins as { dev, at_bytes }. */
struct fill {
	const struct dev *dev;
	uint64_t at_bytes;	/* where the next piece goes */
	uint64_t unflushed_bytes;
};

/*
 * Writes the next piece, and now and then flushes, so that progress is what the disk took and not the
 * memory.  The last flush is the caller's.
 */
int fill_add(struct fill *fill, const void *data, size_t len_bytes);

/* Adds what lies from at to end to a digest, and how much that is to progress, unless it is NULL. */
int fill_digest(const struct dev *dev, uint64_t at, uint64_t end_bytes, struct digest *digest,
		struct progress *progress);

#endif
