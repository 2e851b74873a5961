/* SPDX-License-Identifier: MIT */
/* A bundle's header, where the input begins like one, and a manifest: what is accepted has one spelling. */
#include "fuzz.h"

#include "bundle/manifest.h"

static void header(const uint8_t *data)
{
	uint8_t again[BUNDLE_HEADER_BYTES];
	struct bundle_header h;

	if (bundle_header_decode(data, &h))
		return;
	must(h.manifest_bytes && h.manifest_bytes <= BUNDLE_MANIFEST_MAX);
	bundle_header_encode(&h, again);
	must(!memcmp(again, data, sizeof(again)));
}

static void manifest(const uint8_t *data, size_t len_bytes)
{
	static char again[2 * BUNDLE_MANIFEST_MAX];
	static struct bundle_manifest m;
	size_t again_bytes;
	uint8_t *text = fuzz_copy(data, len_bytes);

	if (!manifest_parse((const char *)text, len_bytes, &m)) {
		must(m.volume_count && m.volume_count <= BUNDLE_VOLUMES_MAX);
		must(!manifest_print(&m, again, sizeof(again), &again_bytes));
		must(again_bytes == len_bytes && !memcmp(again, text, len_bytes));
		must(manifest_payload_bytes(&m) > 0);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	if (len_bytes >= BUNDLE_HEADER_BYTES && !memcmp(data, BUNDLE_MAGIC, strlen(BUNDLE_MAGIC))) {
		header(data);
		data += BUNDLE_HEADER_BYTES;
		len_bytes -= BUNDLE_HEADER_BYTES;
	}
	manifest(data, len_bytes);
	return 0;
}
