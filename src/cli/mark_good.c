/* SPDX-License-Identifier: MIT */
/*
 * cowboot mark-good: confirm the running trial and begin to merge it.
 *
 * Holds I2 and I6: `merging` is durable before a table is swapped, and nothing writes to an origin
 * before.  There is no way back behind the line in confirm(), so all that can be checked is checked
 * before it.
 */
#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/merging.h"
#include "map/status.h"
#include "storage/storefile.h"
#include "update/slots.h"
#include "update/store.h"

/* Whether the store file of volume v still lies where the device over it was mapped. */
static int check_place(const struct board *b, unsigned v)
{
	const struct record *rec = &b->world.record;
	const struct record_volume *volume = &rec->volume[v];
	char dir[CONF_PATH_MAX + 16];
	int rc;

	if (rec->store_place != STORE_IN_FILES)
		return 0;
	rc = world_store_dir(&b->world, dir, sizeof(dir));
	if (rc)
		return fail_in(rc, "the store of %s is a file, and cannot be compared",
			       volume->name);
	return storefile_compare(dir, volume->name, b->world.data_part.start_sectors,
				 b->world.data_part.io_min_bytes,
				 &rec->extent[volume->extent_first], volume->extent_count);
}

static int check_snapshot(const struct board *b, unsigned v)
{
	const struct record_volume *volume = &b->world.record.volume[v];
	struct snap_status status;
	struct dm_state state;

	if (board_live(b, v, &state) != LIVE_TRIAL)
		return fail(ESTALE, "%s is not a snapshot over its store", volume->name);
	if (status_parse(state.params, &status) || status.state != SNAP_OK)
		return fail(EIO, "the snapshot of %s is not sound: the kernel says \"%s\"",
			    volume->name, state.params);
	return 0;
}

/* What is confirmed is the kernel too, so it must be the one that runs. */
static int check_slot(const struct board *b)
{
	const struct record *rec = &b->world.record;

	if (!rec->slot || rec->slot == b->conf.slot)
		return 0;
	if (!b->conf.slot)
		return fail(ESTALE, "its kernel is in boot slot %c, and the boot loader does not say "
			    "which one this boot is from (cowboot.slot=)", rec->slot);
	return fail(ESTALE, "its kernel is in boot slot %c, and this boot is from %c", rec->slot,
		    b->conf.slot);
}

/* All that can be known before the line. Changes nothing. */
static int check_all(const struct board *b)
{
	struct cow_found found;
	int rc = check_slot(b);

	if (!rc)
		rc = board_kernel_check();
	for (unsigned v = 0; !rc && v < b->world.record.volume_count; v++) {
		rc = check_snapshot(b, v);
		if (!rc)
			rc = check_place(b, v);
		if (!rc)
			rc = store_check(&b->world, v, &found);
	}
	return rc;
}

/* The units that wait for the merge look at these; the record alone decides. */
static void set_flags(void)
{
	int rc = sys_write_file(BOARD_FLAG_MERGING, "", 0);

	if (rc)
		log_warn("cannot write %s: error %d", BOARD_FLAG_MERGING, -rc);
	rc = sys_unlink(BOARD_FLAG_TRIAL);
	if (rc && rc != -ENOENT)
		log_warn("cannot remove %s: error %d", BOARD_FLAG_TRIAL, -rc);
}

static int confirm(struct board *b, bool wait)
{
	struct record *rec = &b->world.record;
	unsigned waiting;
	int rc = check_all(b);

	if (rc) {
		fail_in(rc, "cannot confirm %s, nothing was changed", rec->version_to);
		return cli_failed();
	}
	rec->phase = PHASE_MERGING;
	/* ---- The line: from here on the old system is gone. ---- */
	rc = copies_save(&b->world.meta, rec, &b->world.copies, false);
	if (rc) {
		fail_in(rc, "cannot confirm %s", rec->version_to);
		return cli_failed();
	}
	/* Only now: until here the old kernel was the way back. A boot makes up for what fails. */
	if (slots_settle(&b->world))
		log_warn("%s; the next boot tells the boot loader", fail_text());
	set_flags();
	waiting = merging_swap(b);
	printf("confirmed %s\n", rec->version_to);
	if (waiting) {
		cli_refuse(EXIT_REBOOT, "%u of %u volumes merge from the next boot on: reboot",
			   waiting, rec->volume_count);
		return cli_printed(EXIT_REBOOT);
	}
	if (wait)
		return merging_run(b, true);
	puts("merging in the background; cowboot merge --wait ends it");
	return cli_printed(EXIT_DONE);
}

static int in_trial(struct board *b, bool wait)
{
	const struct record *rec = &b->world.record;

	if (rec->refused[0])
		return cli_refuse(EXIT_PHASE, "cannot confirm %s: it was refused (%s); reboot to "
				  "go back", rec->version_to, rec->refused);
	if (board_count_live(b, LIVE_TRIAL) != rec->volume_count)
		return cli_refuse(EXIT_PHASE, "cannot confirm %s: this boot does not run it; "
				  "reboot first", rec->version_to);
	return confirm(b, wait);
}

/* Without an update, what is good is this boot: where boots are counted, the count begins anew. */
static int in_idle(struct board *b)
{
	static struct record next;

	next = b->world.record;
	if (!b->conf.recovery_after || (!next.recovery.idle_boots && !next.recovery.reboots))
		return cli_refuse(EXIT_NOTHING, "nothing to confirm: no update is pending");
	next.recovery.idle_boots = 0;
	next.recovery.reboots = 0;
	if (copies_save(&b->world.meta, &next, &b->world.copies, false)) {
		fail_in(-EIO, "cannot note that this boot is good");
		return cli_failed();
	}
	puts("this boot is good");
	return cli_printed(EXIT_DONE);
}

int cli_mark_good(int argc, char **argv)
{
	static struct board board;
	const struct record *rec = &board.world.record;
	bool wait = false;
	const struct cli_option options[] = { { "--wait", &wait, NULL }, { NULL, NULL, NULL } };
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("mark-good", "mark-good takes no operand");
	rc = board_open(&board, "mark-good", BOARD_CHANGE);
	if (rc) {
		board_close(&board);
		return rc;
	}
	switch (rec->phase) {
	case PHASE_TRIAL:
		rc = in_trial(&board, wait);
		break;
	case PHASE_MERGING:
		fprintf(stderr, "cowboot: %s is confirmed already\n", rec->version_to);
		rc = merging_run(&board, wait);
		break;
	case PHASE_STAGING:
		rc = cli_refuse(EXIT_PHASE, "cannot confirm %s: its install was cut; cowboot "
				"cancel drops it", rec->version_to);
		break;
	default:
		rc = in_idle(&board);
		break;
	}
	board_close(&board);
	return rc;
}
