/* SPDX-License-Identifier: MIT */
/*
 * What is kept: looked at, and dropped.  Must never free a store that a record on the disk still names
 * (I9), and never take a place for another (I13).
 */
#include "update/kept.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/places.h"
#include "update/proof.h"
#include "update/settle.h"
#include "update/store.h"

#define DAY_S 86400u

static struct world kept;	/* too large for a stack */

struct world *kept_world(const struct world *w)
{
	memcpy(&kept, w, offsetof(struct world, record));
	record_copy(&kept.record, &w->record);
	record_take_kept(&kept.record, world_version(w));
	kept.record.phase = PHASE_TRIAL;
	kept.is_kept = true;
	kept.access = WORLD_LOOK;
	kept.lock_fd = -1;
	return &kept;
}

static int check_volume(const struct world *k, unsigned v)
{
	const struct part *part;
	struct store_open open;
	struct cow_found found;
	int rc = places_origin(k, v, &part);

	if (!rc)
		rc = store_compare(k, v);
	if (!rc)
		rc = store_check(k, v, &found);
	if (!rc)
		rc = store_open(k, v, &open);
	if (rc)
		return rc;
	rc = store_check_kept(k, v, &open);
	store_close(&open);
	return rc ? fail_in(rc, "the kept list of %s", k->record.volume[v].name) : 0;
}

int kept_check(const struct world *w)
{
	const struct world *k = kept_world(w);
	const struct part *part;
	int rc = places_stores(k, &part);

	for (unsigned v = 0; !rc && v < k->record.volume_count; v++)
		rc = check_volume(k, v);
	return rc;
}

int kept_check_data(const struct world *w)
{
	const struct world *k = kept_world(w);

	for (unsigned v = 0; v < k->record.volume_count; v++) {
		const char *name = k->record.volume[v].name;
		struct cow_spoiled spoiled;
		int rc = proof_find_spoiled(k, v, &spoiled);

		if (rc)
			return fail_in(rc, "what is kept of %s", name);
		if (spoiled.chunks)
			return fail(EBADMSG, "of what is kept of %s, %" PRIu64 " of %" PRIu64 " chunks are "
				    "damaged", name, spoiled.chunks, k->record.volume[v].exceptions);
	}
	return 0;
}

uint64_t kept_bytes(const struct record *rec)
{
	uint64_t sectors = 0;

	for (unsigned v = 0; v < rec->kept.volume_count; v++)
		sectors += rec->kept.volume[v].store_sectors;
	return sectors * SECTOR_BYTES;
}

void kept_sweep(const struct world *w)
{
	/* What cannot be freed now, an idle boot frees. */
	if (w->copies.repairable || w->misplaced)
		return;
	if (settle_files(w))
		log_warn("%s; a later boot gives the space back", fail_text());
}

int kept_drop(struct world *w)
{
	struct record *next = world_edit(w);
	int rc;

	record_drop_kept(next);
	rc = world_save(w, next);
	if (!rc)
		kept_sweep(w);
	return rc;
}

int kept_expire(struct world *w)
{
	const struct record_kept *is = &w->record.kept;
	const uint64_t now_s = sys_wall_s();
	char version[RECORD_VERSION_MAX];
	int rc;

	if (w->record.phase != PHASE_IDLE || !is->volume_count || !w->conf->keep_days ||
	    !is->when_s || now_s < is->when_s ||
	    now_s - is->when_s < (uint64_t)w->conf->keep_days * DAY_S)
		return 0;
	memcpy(version, is->version, sizeof(version));
	rc = kept_drop(w);
	if (!rc)
		log_note("%s is not kept any longer: it was for %u days", version, w->conf->keep_days);
	return rc;
}
