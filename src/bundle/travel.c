/* SPDX-License-Identifier: MIT */
/* How many bytes of a bundle the payloads are.  Pure. */
#include "bundle/full.h"

uint64_t manifest_travel_bytes(const struct bundle_manifest *manifest, uint64_t payload_bytes)
{
	if (!manifest->in_blocks || !payload_bytes)
		return payload_bytes;
	return payload_bytes + (payload_bytes - 1) / BUNDLE_BLOCK_BYTES * DIGEST_BYTES;
}

uint64_t manifest_volume_travel_bytes(const struct bundle_manifest *manifest, unsigned v)
{
	const struct bundle_volume *volume = &manifest->volume[v];

	return volume->frame_bytes ? volume->payload_bytes :
				     manifest_travel_bytes(manifest, volume->payload_bytes);
}

uint64_t manifest_payload_bytes(const struct bundle_manifest *manifest)
{
	uint64_t sum = manifest_travel_bytes(manifest, manifest->boot.payload_bytes);

	for (unsigned v = 0; v < manifest->volume_count; v++)
		sum += manifest_volume_travel_bytes(manifest, v) +
		       manifest_travel_bytes(manifest, full_index_bytes(&manifest->volume[v]));
	return sum;
}
