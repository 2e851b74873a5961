/* SPDX-License-Identifier: MIT */
/* Making a delta: the store of two images, told by the old one (bundle/delta.h, docs/formats.md). */
#ifndef COWBOOT_HOST_DELTA_WRITE_H
#define COWBOOT_HOST_DELTA_WRITE_H

#include "cow/write.h"

/* A larger store is not told by a delta: all of its data is held in memory. */
#define DELTA_STORE_BYTES_MAX (UINT64_C(1) << 30)

/*
 * The delta of a store as cow_write makes it, in a buffer of the caller's to free.  -EFBIG: there is none
 * of this store, since it or its list is too large.  Same images, same bytes.
 */
int delta_write(const struct cow_source *old_image, const uint8_t *store, uint32_t chunk_sectors,
		uint64_t exceptions, uint8_t **ret_delta, size_t *ret_len_bytes);

#endif
