/* SPDX-License-Identifier: MIT */
/* Reading the volumes of an update through, and comparing them with the record.  Only reads (I14). */
#include "update/proof.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"
#include "bundle/digest.h"
#include "map/dm.h"
#include "update/fill.h"
#include "update/open.h"
#include "update/places.h"

/* Waits where so much has been read earlier than the rate allows. */
static void hold_back(uint64_t begun_ms, uint64_t done_bytes, unsigned rate_mib)
{
	uint64_t due_ms, gone_ms = sys_now_ms() - begun_ms;

	if (!rate_mib)
		return;
	due_ms = done_bytes / 1024 * 1000 / ((uint64_t)rate_mib * 1024);
	if (due_ms > gone_ms)
		sys_sleep_ms((unsigned)(due_ms - gone_ms));
}

/* A trial's volume is read through its snapshot, a merged one on its partition. */
static int open_volume(const struct world *w, unsigned v, enum proof_of what, struct dev *ret_dev)
{
	const struct part *part;
	char path[DM_PATH_MAX];
	int rc;

	if (what == PROOF_OF_TRIAL)
		return dev_open(dm_path(path, w->record.volume[v].name), DEV_MEDIUM, ret_dev);
	rc = places_origin(w, v, &part);
	return rc ? rc : dev_open(part->path, DEV_MEDIUM, ret_dev);
}

static int digest_volume(const struct world *w, unsigned v, enum proof_of what,
			 uint8_t ret_digest[DIGEST_BYTES])
{
	const struct record_volume *vol = &w->record.volume[v];
	const uint64_t begun_ms = sys_now_ms();
	static struct digest digest;
	struct dev dev = DEV_CLOSED;
	struct progress progress;
	int rc = open_volume(w, v, what, &dev);

	if (rc)
		return rc;
	digest_begin(&digest);
	progress_begin(&progress, "proving", vol->name, vol->image_bytes);
	for (uint64_t at = 0; !rc && at < vol->image_bytes;) {
		uint64_t left = vol->image_bytes - at;
		uint64_t end = at + (left < FILL_PIECE_BYTES ? left : FILL_PIECE_BYTES);

		rc = fill_digest(&dev, at, end, &digest, &progress);
		at = end;
		hold_back(begun_ms, at, w->conf->verify_rate_mib);
	}
	progress_end(&progress);
	dev_close(&dev);
	if (!rc)
		digest_end(&digest, ret_digest);
	return rc;
}

static int read_volumes(const struct world *w, enum proof_of what, uint32_t *ret_differs)
{
	uint8_t digest[DIGEST_BYTES];
	const char *differs = NULL;

	for (unsigned v = 0; v < w->record.volume_count; v++) {
		const struct record_volume *vol = &w->record.volume[v];
		int rc = digest_volume(w, v, what, digest);

		if (rc)
			return rc;
		if (!memcmp(digest, vol->new_digest, sizeof(digest)))
			continue;
		*ret_differs |= 1u << v;
		differs = vol->name;
	}
	if (differs)
		return fail(EBADMSG, "the disk does not hold what was %s %s",
			    what == PROOF_OF_TRIAL ? "installed for" : "merged into", differs);
	return 0;
}

int proof_read_unlocked(struct world *w, enum proof_of what, struct proof_read *ret_read)
{
	world_unlock(w);
	/* Where the scheduler knows no classes, it is slower for others and no less right. */
	(void)sys_io_idle(true);
	ret_read->differs = 0;
	ret_read->rc = read_volumes(w, what, &ret_read->differs);
	/* A line that is cut is still a line. */
	(void)snprintf(ret_read->line, sizeof(ret_read->line), "%s", fail_text());
	/* What is written from here on is the record. */
	(void)sys_io_idle(false);
	return world_relock(w);
}
