/* SPDX-License-Identifier: MIT */
/*
 * How an update ends.  Must never free a store that the record still names, and must never write
 * `idle` over a merge whose stores are not empty: callers have seen them empty, decide or merge
 * says so.
 */
#include "update/settle.h"

#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "storage/storefile.h"
#include "update/places.h"
#include "update/store.h"

int settle_flush_origins(const struct world *w)
{
	for (unsigned v = 0; v < w->record.volume_count; v++) {
		struct dev dev = DEV_CLOSED;
		const struct part *part;
		int rc = places_origin(w, v, &part);

		if (rc < 0)
			return fail_in(rc, "cannot flush the origin of %s", w->record.volume[v].name);
		/*
		 * Opened for reading: fsync(2) on a block device flushes the disk's cache all the
		 * same.
		 */
		rc = dev_open(part->path, DEV_READ, &dev);
		if (rc < 0)
			return rc;
		rc = dev_flush(&dev);
		dev_close(&dev);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int settle_record(struct world *w, enum result result, enum reason reason, const char *detail)
{
	struct record *next = world_edit(w);

	record_end(next, result, reason, detail, sys_wall_s());
	return world_save(w, next);
}

/* Of the pending update those with its tag, and as it may have come by an install, those without one. */
static void keep_files(const struct record *rec, struct storefile_keep *keep)
{
	*keep = (struct storefile_keep){ .untagged = rec->phase != PHASE_IDLE };
	if (rec->phase != PHASE_IDLE)
		store_tag(keep->tag[0], rec->update_id);
	if (rec->kept.volume_count && rec->kept.store_place == STORE_IN_FILES)
		store_tag(keep->tag[1], rec->kept.update_id);
}

int settle_files(const struct world *w)
{
	struct storefile_keep keep;
	struct store_dir dir;
	unsigned removed = 0;
	int rc;

	if (!w->data_dir)
		return 0;
	keep_files(&w->record, &keep);
	rc = world_store_dir(w, &dir);
	if (rc == 0)
		rc = storefile_sweep(&dir, &keep, &removed);
	if (rc == 0 && removed)
		log_info("%u store file%s removed from %s", removed, removed == 1 ? "" : "s",
			 dir.path);
	return rc;
}

int settle_space(struct world *w)
{
	int rc;

	if (w->record.phase != PHASE_IDLE)
		return fail(EBUSY, "cannot free the stores: the record is in phase %s",
			    phase_name(w->record.phase));
	/* What a later cowboot has added to the record may need a store. */
	if (w->copies.read_only)
		return fail(EROFS, "cannot free the stores: a later cowboot may need them");
	/* `idle` may be in a cache only; a record that a cut then brings back would miss its stores. */
	if (w->copies.repairable)
		return fail(EBUSY, "cannot free the stores: the record is not durable");
	/* The update that has just ended was at another place: what lies here may be another board's. */
	if (w->misplaced)
		return fail(ESTALE, "nothing is freed: %s",
			    w->why_missing[0] ? w->why_missing : w->stores_why);
	for (unsigned i = 0; i < w->conf->volume_count; i++) {
		rc = store_unmap(w->conf->volume[i].name, false);
		if (rc >= 0)
			rc = store_unmap(w->conf->volume[i].name, true);
		if (rc < 0)
			return rc;
	}
	return settle_files(w);
}
