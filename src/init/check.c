/* SPDX-License-Identifier: MIT */
/*
 * Checking data before it is mounted: nobody can do it later.  Must never cost a boot: whatever comes
 * of it, data is mounted next, or not, and the boot goes on (I10).
 *
 * The store of an update is a file of data that the record and device-mapper know by its blocks.
 * What FSCK_BOOT mends moves no block of any file, and the kernel's own mount would write most of it
 * as well.  FSCK_FORCE may take a file its blocks, so it is for a board on which no update is pending.
 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "handoff/run.h"
#include "init/boot.h"
#include "map/dm.h"
#include "recovery/consoles.h"
#include "update/fsck.h"

/* A check may print as many lines as there are files; the kernel's log and a slow console are for more. */
#define LINES_MAX 40

static unsigned heard;

static void hear(const char *text)
{
	if (heard++ < LINES_MAX)
		log_info("fsck: %s", text);
}

/* A file system that takes no writes is not mended; the device shows it, whatever the cause. */
static bool takes_writes(const struct boot *boot)
{
	struct dm_state state;

	return !boot->world.data_part.write_protected &&
	       dm_state(boot->conf.data.name, &state) == 0 && !state.readonly;
}

/*
 * Without a record that can be read, an update may be pending for all we know.  Zeros may be a new
 * board's, or a record that was lost: the store that would tell may be on data, which is not mounted
 * yet (I4).
 */
static bool update_pending(const struct world *w)
{
	return w->copies.health != RECORD_GOOD ||
	       (w->record.phase != PHASE_IDLE && w->record.phase != PHASE_STAGING);
}

static bool run(struct boot *boot, enum fsck_how how)
{
	struct fsck_call call;
	int code, rc;

	if (!boot->conf.check_timeout_s || !takes_writes(boot) ||
	    fsck_prepare(&boot->conf.data, how, &call) < 0)
		return false;
	heard = 0;
	rc = run_bounded(call.path, call.argv, boot->conf.check_timeout_s, hear, &code);
	/* Whatever it has started and left behind must be in nobody's way. */
	consoles_end_all();
	if (heard > LINES_MAX)
		log_info("fsck: %u more lines", heard - LINES_MAX);
	if (rc < 0)
		log_warn("data is not checked: %s", fail_text());
	else if (code & ~FSCK_CODE_SOUND)
		log_warn("data: errors are left in its file system (%s ended with code %d)",
			 call.path, code);
	else if (code & FSCK_MENDED)
		log_note("data: its file system is mended");
	return rc == 0;
}

void check_data(struct boot *boot)
{
	char device[sizeof(DM_DIR) + sizeof(boot->conf.data.name)];
	const char *program = fsck_program();

	/* The board's own hook is asked at each boot; it knows other file systems. */
	snprintf(device, sizeof(device), DM_DIR "%s", boot->conf.data.name);
	if (program && (strcmp(program, FSCK_HOOK) == 0 || !fsck_is_clean(device)))
		run(boot, FSCK_BOOT);
}

bool check_data_again(struct boot *boot, int why)
{
	if (!fsck_program())
		return false;
	if (!fsck_is_damage(why)) {
		log_note("data is not mended by force: that is for damage, and it was not mounted for "
			 "another reason");
		return false;
	}
	if (update_pending(&boot->world)) {
		log_note("data is not mended by force: an update may be pending, and its store may lie "
			 "there");
		return false;
	}
	return run(boot, FSCK_FORCE);
}
