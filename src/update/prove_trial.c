/* SPDX-License-Identifier: MIT */
/*
 * Where a trial is not what was installed.  The digest says only that it is not; the kept list has a
 * checksum of each chunk of the store, so it tells the chunks that the update has changed from those that
 * it has not.  Only reads, and past every cache.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/fail.h"
#include "update/proof.h"
#include "update/store.h"

static uint8_t buf[128 * 1024];

int proof_find_spoiled(const struct world *w, unsigned v, struct cow_spoiled *ret_spoiled)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct cow_scratch scratch = { .buf = buf, .buf_bytes = sizeof(buf) };
	struct store_open open;
	int rc = store_open(w, v, &open);

	if (rc)
		return rc;
	rc = store_check_kept(w, v, &open);
	if (!rc)
		rc = cow_spoiled(&open.store, &open.kept, vol->exceptions, vol->chunk_sectors, &scratch,
				 ret_spoiled);
	store_close(&open);
	return rc;
}

void proof_where(const struct world *w, uint32_t differs, char ret_why[RECORD_REASON_MAX])
{
	const struct record_volume *vol;
	struct cow_spoiled spoiled;
	unsigned v = 0;

	while (v + 1 < w->record.volume_count && !(differs >> v & 1))
		v++;
	vol = &w->record.volume[v];
	/* They fit, but for numbers that no disk has; a line that is cut is still a line. */
	if (!store_has_kept(vol) || proof_find_spoiled(w, v, &spoiled))
		(void)snprintf(ret_why, RECORD_REASON_MAX, "%s does not read back as it was installed",
			       vol->name);
	else if (spoiled.chunks)
		(void)snprintf(ret_why, RECORD_REASON_MAX, "%s does not read back as it was installed: "
			       "%" PRIu64 " of %" PRIu64 " changed chunks differ, from byte %" PRIu64,
			       vol->name, spoiled.chunks, vol->exceptions, spoiled.first_bytes);
	else
		(void)snprintf(ret_why, RECORD_REASON_MAX, "%s does not read back as it was installed: "
			       "not its store, but the partition differs", vol->name);
}
