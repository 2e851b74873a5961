/* SPDX-License-Identifier: MIT */
/* One volume of a bundle, as a delta where that is smaller. */
#ifndef COWBOOT_HOST_DELTA_PACK_H
#define COWBOOT_HOST_DELTA_PACK_H

#include "host/writer.h"

/*
 * As bundle_pack, but tells the volume by its old image where that takes fewer bytes than the store
 * itself; volume->delta_bytes then says so.  Holds store and delta in memory.
 */
int delta_pack(const struct bundle_packing *packing, const struct bundle_input *input,
	       struct bundle_manifest *manifest);

#endif
