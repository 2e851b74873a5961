/* SPDX-License-Identifier: MIT */
/* One volume of a full bundle: its frames to the payloads, its index into memory. */
#ifndef COWBOOT_HOST_FULL_PACK_H
#define COWBOOT_HOST_FULL_PACK_H

#include "host/writer.h"

/* The indexes of all volumes, one after another: they stand before all payloads. */
struct full_indexes {
	uint8_t *bytes;
	size_t len_bytes;
};

/*
 * Packs input->new_image in frames of 64 KiB, or larger ones where there would be too many, and adds the
 * volume to manifest and its index to indexes.  -EFBIG: it is too large; else as bundle_pack.
 */
int full_pack(const struct bundle_packing *packing, const struct bundle_input *input,
	      struct bundle_manifest *manifest, struct full_indexes *indexes);
void full_indexes_free(struct full_indexes *indexes);

/* Indexes and payloads as one, for seal_make and seal_emit. */
struct full_payloads {
	const struct full_indexes *indexes;
	const struct cow_source *payloads;
};
struct cow_source full_source(struct full_payloads *both);

#endif
