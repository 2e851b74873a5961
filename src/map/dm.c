/* SPDX-License-Identifier: MIT */
/*
 * Making, removing and looking at cowboot's devices.  A device either lives with the table asked
 * for or is not there: what a failed create leaves is removed.  Nothing here reloads a live device
 * (map/swap.c).
 */
#include "map/dm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "map/status.h"
#include "map/task.h"

const char *dm_path(char buf[DM_PATH_MAX], const char *name)
{
	/* No name is that long; one that is cut names nothing that is there. */
	(void)snprintf(buf, DM_PATH_MAX, DM_DIR "%s", name);
	return buf;
}

static int not_ours(const char *name)
{
	return fail(EEXIST, "cannot use the device %s: one of that name is there, and it is not "
		    "cowboot's", name);
}

/* Somebody else's device of that name stays; the message tells it from one of ours that was left over. */
static int create(const char *name)
{
	struct task_look look;
	int rc = task_create(name);

	if (!rc)
		return 0;
	if (rc != -EBUSY && rc != -EEXIST)
		return rc;
	if (task_look(name, TASK_TABLE, &look) == 0 && !look.ours)
		return not_ours(name);
	return fail(EEXIST, "cannot create device %s: it is there already", name);
}

/* Removes what a failed create left, and keeps the line that says why it failed. */
static int undo_create(const char *name, int rc)
{
	char why[FAIL_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", fail_text());
	if (task_remove(name))
		log_warn("%s", fail_text());
	return fail(-rc, "%s", why);
}

/* Resumes NAME, loaded just now, and tells its number. */
static int start(const char *name, struct map_disk *ret_disk)
{
	struct task_look look;
	int rc = task_resume(name);

	if (!rc)
		rc = task_look(name, TASK_STATUS, &look);
	if (!rc && ret_disk)
		*ret_disk = look.disk;
	return rc;
}

int dm_linear(const char *name, bool readonly, struct map_disk disk, const struct extent *pieces,
	      unsigned count, struct map_disk *ret_disk)
{
	int rc = create(name);

	if (rc)
		return rc;
	rc = task_load_pieces(name, readonly, disk, pieces, count);
	if (!rc)
		rc = start(name, ret_disk);
	return rc ? undo_create(name, rc) : 0;
}

int dm_is_linear(const char *name, struct map_disk disk, const struct extent *pieces,
		 unsigned count, struct map_disk *ret_disk)
{
	struct task_look look;
	int rc = task_look(name, TASK_TABLE, &look);

	if (rc)
		return rc;
	if (!look.ours)
		return not_ours(name);
	rc = task_compare_pieces(name, disk, pieces, count);
	if (!rc && ret_disk)
		*ret_disk = look.disk;
	return rc;
}

/*
 * Compares what the kernel has just read of the store with what was checked.  If the header read as
 * zeros this time, the kernel has made a new, empty store, whose merge would be done at once.  By the
 * kernel's count a store with holes has more exceptions, never fewer.
 */
static int check_loaded(const char *name, uint32_t chunk_sectors, uint64_t exceptions)
{
	struct snap_status status;
	struct task_look look;
	uint64_t found;
	int rc = task_look(name, TASK_LOADED, &look);

	if (rc)
		return rc;
	rc = status_parse(look.params, &status);
	if (rc || status.state != SNAP_OK)
		return fail(ESTALE, "cannot use the store of %s: the kernel calls it '%s'", name,
			    look.params);
	found = status_exceptions(&status, chunk_sectors);
	if (found < exceptions)
		return fail(ESTALE, "cannot use the store of %s: it has %llu exceptions, the kernel "
			    "found %llu", name, (unsigned long long)exceptions,
			    (unsigned long long)found);
	return 0;
}

int dm_snapshot(const char *name, bool readonly, bool merge, uint64_t size_sectors,
		struct map_disk origin, struct map_disk store, uint32_t chunk_sectors,
		uint64_t exceptions, struct map_disk *ret_disk)
{
	char params[TABLE_PARAMS_MAX];
	int rc = table_snapshot(params, sizeof(params), origin, store, chunk_sectors);

	if (rc)
		return fail_sys(-rc, "cannot create device %s", name);
	rc = create(name);
	if (rc)
		return rc;
	/*
	 * The kernel reads the store's metadata here.  One read that failed is not worth a revert or
	 * the recovery, and a table that was not loaded can be loaded again.
	 */
	rc = task_load(name, readonly, merge ? DM_SNAPSHOT_MERGE : DM_SNAPSHOT, size_sectors,
		       params);
	if (rc)
		rc = task_load(name, readonly, merge ? DM_SNAPSHOT_MERGE : DM_SNAPSHOT,
			       size_sectors, params);
	if (!rc)
		rc = check_loaded(name, chunk_sectors, exceptions);
	if (!rc)
		rc = start(name, ret_disk);
	return rc ? undo_create(name, rc) : 0;
}

int dm_remove(const char *name)
{
	struct task_look look;
	int rc = task_look(name, TASK_TABLE, &look);

	if (!rc && !look.ours)
		return 0;
	if (!rc)
		rc = task_remove(name);
	return rc == -ENXIO ? 0 : rc;
}

static enum dm_target target_of(const char *word)
{
	for (enum dm_target t = DM_LINEAR; t < DM_OTHER; t++)
		if (!strcmp(word, task_target_word(t)))
			return t;
	return DM_OTHER;
}

int dm_state(const char *name, struct dm_state *ret_state)
{
	struct task_look table, status;
	int rc = task_look(name, TASK_TABLE, &table);

	if (!rc)
		rc = task_look(name, TASK_STATUS, &status);
	if (rc)
		return rc;
	ret_state->target = target_of(status.target);
	ret_state->disk = status.disk;
	ret_state->size_sectors = status.size_sectors;
	ret_state->readonly = status.readonly;
	ret_state->ours = status.ours;
	ret_state->open_count = status.open_count;
	memcpy(ret_state->params, status.params, sizeof(ret_state->params));
	memcpy(ret_state->table, table.params, sizeof(ret_state->table));
	return 0;
}
