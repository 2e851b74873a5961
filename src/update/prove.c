/* SPDX-License-Identifier: MIT */
/* Reading the volumes of a merge through, and comparing them with the record.  Only reads (I14). */
#include "update/proof.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"
#include "bundle/digest.h"
#include "update/fill.h"
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

static int digest_volume(const struct world *w, unsigned v, uint8_t ret_digest[DIGEST_BYTES])
{
	const struct record_volume *vol = &w->record.volume[v];
	const uint64_t begun_ms = sys_now_ms();
	static struct digest digest;
	struct dev dev = DEV_CLOSED;
	struct progress progress;
	const struct part *part;
	int rc = places_origin(w, v, &part);

	if (!rc)
		rc = dev_open(part->path, DEV_MEDIUM, &dev);
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

int proof_read(const struct world *w, uint32_t *ret_differs)
{
	uint8_t digest[DIGEST_BYTES];
	const char *differs = NULL;

	*ret_differs = 0;
	/* Where the scheduler knows no classes, it is slower for others and no less right. */
	(void)sys_io_idle();
	for (unsigned v = 0; v < w->record.volume_count; v++) {
		const struct record_volume *vol = &w->record.volume[v];
		int rc = digest_volume(w, v, digest);

		if (rc)
			return rc;
		if (!memcmp(digest, vol->new_digest, sizeof(digest)))
			continue;
		*ret_differs |= 1u << v;
		differs = vol->name;
	}
	if (differs)
		return fail(EBADMSG, "the disk does not hold what was merged into %s", differs);
	return 0;
}
