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
#include "map/task.h"

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

int dm_linear(const char *name, bool readonly, struct map_disk disk, const struct map_piece *pieces,
	      unsigned count, struct map_disk *ret_disk)
{
	int rc = task_create(name);

	if (rc)
		return rc;
	rc = task_load_pieces(name, readonly, disk, pieces, count);
	if (!rc)
		rc = start(name, ret_disk);
	return rc ? undo_create(name, rc) : 0;
}

int dm_snapshot(const char *name, bool readonly, bool merge, uint64_t size_sectors,
		struct map_disk origin, struct map_disk store, uint32_t chunk_sectors,
		struct map_disk *ret_disk)
{
	char params[TABLE_PARAMS_MAX];
	int rc = table_snapshot(params, sizeof(params), origin, store, chunk_sectors);

	if (rc)
		return fail_sys(-rc, "cannot create device %s", name);
	rc = task_create(name);
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
		rc = start(name, ret_disk);
	return rc ? undo_create(name, rc) : 0;
}

int dm_remove(const char *name)
{
	int rc = task_remove(name);

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
	ret_state->open_count = status.open_count;
	memcpy(ret_state->params, status.params, sizeof(ret_state->params));
	memcpy(ret_state->table, table.params, sizeof(ret_state->table));
	return 0;
}
