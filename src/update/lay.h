/* SPDX-License-Identifier: MIT */
/*
 * Laying a store down on the device that it will be mapped from, in the one order there is: what lay here
 * is wiped, durably; then the store's data and list, then the kept list, and a flush; then the head, and
 * a flush.  Until that is done the store has no head, and is nobody's.
 */
#ifndef COWBOOT_UPDATE_LAY_H
#define COWBOOT_UPDATE_LAY_H

#include "update/fill.h"
#include "update/world.h"

#define LAY_HEAD_BYTES 512u		/* kept back until the rest is durable: header and mark */

struct lay {
	struct fill fill;
	uint8_t head[LAY_HEAD_BYTES];
};

/* dev stays the caller's, open for writing. */
int lay_begin(struct lay *lay, const struct dev *dev, uint32_t chunk_sectors);

/* The next bytes of the store, as the kernel has it. */
int lay_add(struct lay *lay, const void *data, size_t len_bytes);

/* All that is left, for the store of the record's volume v. */
int lay_end(struct lay *lay, const struct record *rec, unsigned v);

/*
 * Writes the kept list behind a store that is filled but for its head, as the record has it.  Flushes
 * nothing.
 */
int kept_write(const struct dev *dev, const struct record *rec, unsigned v);

#endif
