/* SPDX-License-Identifier: MIT */
/*
 * Swapping the table of a live device: the only file that reloads one.
 *
 * Holds I7: a merge that failed is never suspended, resumed or reloaded, since the kernel would go on
 * from an entry that it has cleared already, and copy the store's header over the origin
 * (dm-snap-persistent.c, commit_merge). I2 is the caller's: `merging` is durable before
 * dm_swap_to_merge.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "map/dm.h"
#include "map/status.h"
#include "map/task.h"

/*
 * The one ioctl of a resume suspends a live device, swaps, and resumes.  When the kernel fails to swap,
 * it leaves out the last of the three: then whatever reads the device waits for ever, and so does this
 * program when the device is its root.  The live table is the old one, which check_sound has found
 * sound (I7).
 */
static void bring_back(const char *name)
{
	struct task_look look;

	/* The new table must not come alive with this resume, nor with somebody else's later on. */
	if (task_clear(name))
		log_warn("%s", fail_text());
	if (task_look(name, TASK_TABLE, &look) == 0 && !look.suspended)
		return;
	if (task_resume(name))
		log_error("%s", fail_text());
	else
		log_warn("%s was left suspended, and goes on with its old table", name);
}

/*
 * Signals wait meanwhile: one that came during the suspend would leave the swap undone, and the
 * program may be running from this very device.
 */
static int swap_live(const char *name, bool readonly, enum dm_target target, uint64_t size_sectors,
		     const char *params)
{
	char why[FAIL_TEXT_MAX];
	int rc = sys_hold_signals(true);

	if (rc)
		return fail_sys(-rc, "cannot block signals");
	rc = task_load(name, readonly, target, size_sectors, params);
	if (!rc) {
		rc = task_resume(name);
		if (rc) {
			snprintf(why, sizeof(why), "%s", fail_text());
			bring_back(name);
			fail(-rc, "%s", why);
		}
	}
	if (sys_hold_signals(false))
		log_warn("cannot unblock signals");
	return rc;
}

/* Whether the device may be reloaded at all (I7). */
static int check_sound(const char *name, const struct dm_state *state,
		       struct snap_status *ret_status)
{
	if (!state->ours)
		return fail(EEXIST, "cannot swap the table of %s: it is not cowboot's", name);
	if (state->target != DM_SNAPSHOT && state->target != DM_SNAPSHOT_MERGE)
		return fail(EINVAL, "cannot swap the table of %s: it is no snapshot (\"%s\")", name,
			    state->table);
	if (status_parse(state->params, ret_status))
		return fail(EIO, "cannot swap the table of %s: its status \"%s\" is not known",
			    name, state->params);
	if (ret_status->state != SNAP_OK)
		return fail(EIO, "cannot swap the table of %s: its status is \"%s\"", name,
			    state->params);
	return 0;
}

int dm_swap_to_merge(const char *name, bool readonly, uint64_t size_sectors, struct map_disk origin,
		     struct map_disk store, uint32_t chunk_sectors)
{
	char params[TABLE_PARAMS_MAX];
	struct snap_status status;
	struct dm_state state;
	int rc = table_snapshot(params, sizeof(params), origin, store, chunk_sectors);

	if (rc)
		return fail_sys(-rc, "cannot swap the table of %s", name);
	rc = dm_state(name, &state);
	if (!rc)
		rc = check_sound(name, &state, &status);
	if (rc)
		return rc;
	/*
	 * Over other devices the kernel would not hand the store over, but give one store two owners
	 * (register_snapshot).
	 */
	if (strcmp(state.table, params) || state.size_sectors != size_sectors)
		return fail(ESTALE, "cannot swap the table of %s: it is \"%s\", not \"%s\"", name,
			    state.table, params);
	if (state.target == DM_SNAPSHOT_MERGE)
		return 0;
	/* ---- Point of no return: from the resume on the origin changes. ---- */
	return swap_live(name, readonly, DM_SNAPSHOT_MERGE, size_sectors, params);
}

int dm_swap_to_linear(const char *name, bool readonly, uint64_t size_sectors,
		      struct map_disk origin)
{
	char params[TABLE_PARAMS_MAX], over[TABLE_PARAMS_MAX];
	struct snap_status status;
	struct dm_state state;
	int rc = table_linear(params, sizeof(params), origin, 0);

	if (rc)
		return fail_sys(-rc, "cannot swap the table of %s", name);
	rc = dm_state(name, &state);
	if (rc)
		return rc;
	if (state.ours && state.target == DM_LINEAR && !strcmp(state.table, params))
		return 0;
	rc = check_sound(name, &state, &status);
	if (rc)
		return rc;
	snprintf(over, sizeof(over), "%u:%u ", origin.major, origin.minor);
	if (strncmp(state.table, over, strlen(over)) || state.size_sectors != size_sectors)
		return fail(ESTALE, "cannot swap the table of %s: it is \"%s\", not over %s", name,
			    state.table, over);
	if (state.target != DM_SNAPSHOT_MERGE || !status_merge_done(&status))
		return fail(EBUSY, "cannot swap the table of %s: its merge is not done (\"%s\")",
			    name, state.params);
	/* ---- Point of no return: from here on the store is not looked at any more. ---- */
	return swap_live(name, readonly, DM_LINEAR, size_sectors, params);
}
