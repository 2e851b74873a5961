/* SPDX-License-Identifier: MIT */
/* A status line of snapshot or snapshot-merge: numbers that are accepted mean what they say. */
#include "fuzz.h"

#include <inttypes.h>

#include "map/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	char *text = fuzz_text(data, len_bytes), again[80];
	struct snap_status status, other;

	if (!status_parse(text, &status) && status.state == SNAP_OK) {
		must(status.allocated_sectors >= status.metadata_sectors);
		must(status_merge_done(&status) == (status_exceptions(&status, 1) == 0));
		snprintf(again, sizeof(again), "%" PRIu64 "/%" PRIu64 " %" PRIu64, status.allocated_sectors,
			 status.total_sectors, status.metadata_sectors);
		must(!status_parse(again, &other));
		must(other.allocated_sectors == status.allocated_sectors &&
		     other.total_sectors == status.total_sectors &&
		     other.metadata_sectors == status.metadata_sectors);
	}
	free(text);
	return 0;
}
