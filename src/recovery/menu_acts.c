/* SPDX-License-Identifier: MIT */
/*
 * What the menu of recovery does to the update: revert, merge, check, a new record.
 *
 * Holds I7: a merge that failed stays mapped as it is until the reboot.
 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "map/dm.h"
#include "recovery/logs.h"
#include "recovery/menu.h"
#include "recovery/terminal.h"
#include "update/fsck.h"
#include "update/transition.h"
#include "update/volumes.h"

static struct menu_board board, mine;	/* the menu's, and that of a process of its own */

/*
 * In a process of its own, with a lock of its own: the menu has given its own back, so that others
 * come in while it waits.  An enum outcome, its line printed.
 */
static int merge_apart(void *no_ctx)
{
	struct merging merging;
	enum outcome end = OUTCOME_FAILED;

	(void)no_ctx;
	if (!menu_open(&mine, "merge", WORLD_CHANGE)) {
		end = update_merge(&mine.world, true, &merging);
		if (end != OUTCOME_DONE)
			menu_failed();
		else if (merging.by_other)
			puts("merged: another command ended it");
		else
			printf("merged %s: it is the system now\n",
			       mine.world.record.last.version_to);
	}
	menu_close(&mine);
	return (int)end;
}

void menu_merge(void)
{
	int rc = menu_map(&board, "merge", MAP_MERGE);

	world_unlock(&board.world);
	if (!rc && menu_apart(merge_apart, NULL) == OUTCOME_DONE)
		volumes_unmap(&board.world);
	else if (!rc)
		puts("The merge is not at its end. Nothing is lost: reboot, or choose it again.");
	menu_close(&board);
}

static void drop(struct world *w)
{
	if (update_drop(w) == OUTCOME_DONE)
		printf("cancelled %s: nothing is pending\n", w->record.last.version_to);
	else
		menu_failed();
}

static void refuse(struct world *w)
{
	enum outcome end = update_refuse(w, "reverted in recovery");

	if (end == OUTCOME_DONE || end == OUTCOME_REBOOT)
		printf("refused %s: reboot to go back\n", w->record.version_to);
	else
		menu_failed();
}

void menu_revert(void)
{
	if (menu_open(&board, "revert", WORLD_CHANGE))
		puts("Nothing was done.");
	else if (board.world.record.phase == PHASE_STAGING)
		drop(&board.world);
	else
		refuse(&board.world);
	menu_close(&board);
}

void menu_anew(void)
{
	int rc = menu_open(&board, "make a new record", WORLD_FORCE);

	if (!rc && update_anew(&board.world) == OUTCOME_DONE)
		puts("There is a new record: no update is pending.");
	else if (!rc)
		menu_failed();
	menu_close(&board);
}

/* Idle: a trial, as by cowboot rollback. Amid a merge it is for good. */
static enum outcome go_back(struct world *w)
{
	bool already;

	if (w->record.phase == PHASE_IDLE)
		return update_rollback(w, &already);
	return update_turn_back(w, REASON_TURNED_BACK);
}

void menu_back(void)
{
	const char *version = board.world.record.version_to;
	enum outcome end;

	if (menu_open(&board, "go back", WORLD_CHANGE)) {
		menu_close(&board);
		return;
	}
	end = go_back(&board.world);
	if (end == OUTCOME_DONE)
		printf("The next boot goes back to %s, and merges it.\n", version);
	else if (end == OUTCOME_REBOOT)
		printf("The next boot tries %s.\n", version);
	else
		menu_failed();
	menu_close(&board);
}

/* ---- file systems ---- */

static void check_one(const struct conf_mount *m, bool repair)
{
	struct fsck_call call;
	int code;

	printf("\n%s, %s, %s:\n", m->name, m->fstype, repair ? "repairing" : "only looking");
	if (fsck_prepare(m, repair ? FSCK_MEND : FSCK_LOOK, &call) < 0) {
		printf("there is nothing here that checks %s\n", m->fstype);
		return;
	}
	code = menu_program(call.path, call.argv);
	printf("%s: %s (code %d)\n", m->name,
	       code == 0 ? "sound" : code == 1 ? "repaired" : "errors are left", code);
}

static void check_data(struct menu_board *b)
{
	int rc = b->world.data_dir ? sys_umount(b->world.data_dir, 0) : 0;

	if (rc < 0) {
		printf("cannot check data: somebody uses it (%s)\n", strerror(-rc));
		return;
	}
	check_one(&b->conf.data, true);
	if (volumes_mount_data(&b->world, WORLD_INIT_DATA) < 0)
		menu_failed();
}

/* Volumes only where they are mapped plain, and never for writing: their bytes are the bundle's. */
void menu_check(void)
{
	struct dm_state state;
	int rc = menu_map(&board, "check the volumes", MAP_LINEAR);

	for (unsigned i = 0; !rc && i < board.conf.volume_count; i++)
		check_one(&board.conf.volume[i], false);
	if (!rc)
		volumes_unmap(&board.world);
	if (board.conf.data.name[0] && dm_state(board.conf.data.name, &state) == 0)
		check_data(&board);
	menu_close(&board);
}

/* ---- logs ---- */

void menu_logs(void)
{
	static char text[LOGS_BYTES_MAX];
	size_t len;

	if (logs_kernel(text, sizeof(text), &len)) {
		menu_failed();
		return;
	}
	len = logs_keep(text, "cowboot: ");
	puts("---- what init said in this boot ----");
	terminal_page(text, 0);
	if (logs_panic(text, sizeof(text), &len)) {
		puts("---- no panic of an earlier boot is kept (pstore) ----");
		return;
	}
	puts("---- the last panic, its end ----");
	terminal_page(text, 60);
}
