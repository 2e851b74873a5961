/* SPDX-License-Identifier: MIT */
/* What came of `bundle create`, in words. */
#include "host/bundle_told.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/release.h"
#include "bundle/full.h"
#include "cli/cli.h"

static void tell_full(const struct bundle_volume *v)
{
	printf("%s: %" PRIu64 " bytes in frames of %" PRIu32 ", packed %" PRIu64 ", index %" PRIu64 "\n",
	       v->name, v->image_bytes, v->frame_bytes, v->payload_bytes, full_index_bytes(v));
}

void bundle_tell(const struct bundle_manifest *m, const struct bundle_images *images, const char *path)
{
	char release[RELEASE_TEXT_MAX];

	if (m->boot.image_bytes)
		printf("boot: %" PRIu64 " bytes, packed %" PRIu64 "\n", m->boot.image_bytes,
		       m->boot.payload_bytes);
	for (unsigned i = 0; i < m->volume_count; i++) {
		const struct bundle_volume *v = &m->volume[i];

		if (v->frame_bytes) {
			tell_full(v);
			continue;
		}
		printf("%s: %" PRIu64 " chunks changed, store %" PRIu64 " bytes, packed %" PRIu64
		       "%s\n", v->name, v->exceptions, v->store_bytes, v->payload_bytes,
		       v->delta_bytes ? ", a delta" : "");
		if (v->image_bytes > v->old_bytes)
			printf("%s: grows from %" PRIu64 " to %" PRIu64 " bytes, which the board's "
			       "partition must have\n", v->name, v->old_bytes, v->image_bytes);
		bundle_images_print(&images->volume[i], v);
	}
	release_text(m->release, release);
	printf("%s: version %s%s%s, %u volume%s\n", path, m->version_to, m->release ? ", release " : "",
	       m->release ? release : "", m->volume_count, m->volume_count == 1 ? "" : "s");
}

int bundle_tell_nothing(const struct bundle_manifest *m)
{
	bool ends_before = false;

	for (unsigned v = 0; v < m->volume_count; v++)
		ends_before = ends_before || m->volume[v].image_bytes < m->volume[v].old_bytes;
	return cli_refuse(EXIT_NOTHING, "no bundle made: NEW is %sOLD, byte for byte",
			  ends_before ? "the beginning of " : "");
}
