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
#include "update/store.h"

int settle_flush_origins(const struct world *w)
{
	for (unsigned v = 0; v < w->record.volume_count; v++) {
		struct dev dev = DEV_CLOSED;
		int i = world_volume(w, v);
		int rc;

		if (i < 0 || !w->has_volume[i])
			return fail(ENODEV,
				    "cannot flush the origin of %s: its partition is not there",
				    w->record.volume[v].name);
		/*
		 * Opened for reading: fsync(2) on a block device flushes the disk's cache all the
		 * same.
		 */
		rc = dev_open(w->volume_part[i].path, DEV_READ, &dev);
		if (rc < 0)
			return rc;
		rc = dev_flush(&dev);
		dev_close(&dev);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int settle_record(struct world *w, enum result result, const char *reason)
{
	static struct record next; /* too large for a stack; saved first, believed after */
	int rc;

	next = w->record;
	record_end(&next, result, reason, sys_wall_s());
	rc = copies_save(&w->meta, &next, &w->copies, false);
	if (rc < 0)
		return rc;
	w->record = next;
	return 0;
}

int settle_space(struct world *w)
{
	char dir[CONF_PATH_MAX + 16];
	unsigned removed = 0;
	int rc;

	if (w->record.phase != PHASE_IDLE)
		return fail(EBUSY, "cannot free the stores: the record is in phase %s",
			    phase_name(w->record.phase));
	/* `idle` may be in a cache only; a record that a cut then brings back would miss its stores. */
	if (w->copies.repairable)
		return fail(EBUSY, "cannot free the stores: the record is not durable");
	for (unsigned i = 0; i < w->conf->volume_count; i++) {
		rc = store_unmap(w->conf->volume[i].name);
		if (rc < 0)
			return rc;
	}
	if (!w->data_dir)
		return 0;
	rc = world_store_dir(w, dir, sizeof(dir));
	if (rc == 0)
		rc = storefile_sweep(dir, &removed);
	if (rc == 0 && removed)
		log_info("%u store file%s removed from %s", removed, removed == 1 ? "" : "s", dir);
	return rc;
}
