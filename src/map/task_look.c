/* SPDX-License-Identifier: MIT */
/*
 * What device-mapper says of one device: its table, loaded or live, its status, whether it is ours.
 * Changes nothing.
 */
#include "map/task_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

/* Fills look from the lines of a task that ran. */
static void take_lines(struct dm_task *task, struct task_look *look)
{
	uint64_t start_sectors, size_sectors;
	char *word, *params;
	void *next = NULL;

	do {
		next = dm_get_next_target(task, next, &start_sectors, &size_sectors, &word,
					  &params);
		if (!word)
			return;
		look->size_sectors = start_sectors + size_sectors;
		if (!look->target[0]) {
			snprintf(look->target, sizeof(look->target), "%s", word);
			snprintf(look->params, sizeof(look->params), "%s", params ? params : "");
		}
	} while (next);
}

static bool is_ours(struct dm_task *task, const char *name)
{
	const char *uuid = dm_task_get_uuid(task);
	char ours[TASK_UUID_BYTES];

	return uuid && task_uuid(ours, name) && strcmp(uuid, ours) == 0;
}

/* Whether the lines of a task that ran are just these pieces. */
static bool has_pieces(struct dm_task *task, struct map_disk disk, const struct extent *pieces,
		       unsigned count)
{
	uint64_t start_sectors, size_sectors, at_sectors = 0;
	char *word, *params, want[TABLE_PARAMS_MAX];
	void *next = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (i && !next)
			return false;
		next = dm_get_next_target(task, next, &start_sectors, &size_sectors, &word, &params);
		if (!word || !params || strcmp(word, "linear") != 0 || start_sectors != at_sectors ||
		    size_sectors != pieces[i].size_sectors ||
		    table_linear(want, sizeof(want), disk, pieces[i].start_sectors) ||
		    strcmp(params, want) != 0)
			return false;
		at_sectors += size_sectors;
	}
	return count && !next;
}

int task_compare_pieces(const char *name, struct map_disk disk, const struct extent *pieces,
			unsigned count)
{
	struct dm_task *task = task_new(DM_DEVICE_TABLE, name);
	int rc;

	if (!task)
		return -ENOMEM;
	rc = task_run(task, "look at", name);
	if (!rc && !has_pieces(task, disk, pieces, count))
		rc = fail(ESTALE, "device %s lies over other blocks", name);
	return task_end(task, rc);
}

int task_look(const char *name, enum task_what what, struct task_look *ret_look)
{
	struct dm_task *task = task_new(what == TASK_TABLE ? DM_DEVICE_TABLE : DM_DEVICE_STATUS,
					name);
	struct task_look look = { .target = "" };
	struct dm_info info;
	int rc;

	if (!task)
		return -ENOMEM;
	if (what == TASK_LOADED && !dm_task_query_inactive_table(task))
		return task_broken(task, name);
	rc = task_run(task, "look at", name);
	if (!rc && (!dm_task_get_info(task, &info) || !info.exists))
		rc = fail_sys(ENXIO, "cannot look at device %s", name);
	if (rc)
		return task_end(task, rc);
	look.disk = (struct map_disk){ .major = info.major, .minor = info.minor };
	look.readonly = info.read_only;
	look.ours = is_ours(task, name);
	look.suspended = info.suspended;
	look.open_count = (unsigned)info.open_count;
	take_lines(task, &look);
	*ret_look = look;
	return task_end(task, 0);
}
