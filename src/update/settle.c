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

int settle_space(struct world *w)
{
	struct store_dir dir;
	unsigned removed = 0;
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
		rc = store_unmap(w->conf->volume[i].name);
		if (rc < 0)
			return rc;
	}
	if (!w->data_dir)
		return 0;
	rc = world_store_dir(w, &dir);
	if (rc == 0)
		rc = storefile_sweep(&dir, &removed);
	if (rc == 0 && removed)
		log_info("%u store file%s removed from %s", removed, removed == 1 ? "" : "s",
			 dir.path);
	return rc;
}
