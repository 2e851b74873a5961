/* SPDX-License-Identifier: MIT */
/*
 * What the menu of recovery does to the update: revert, merge, check, a new record.
 *
 * Holds I3 and I5: volumes are mapped only as decide() says, by the same call that the boot makes.
 * Holds I7: a merge that failed stays mapped as it is until the reboot.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/menu.h"
#include "cli/terminal.h"
#include "recovery/logs.h"
#include "update/recovery.h"
#include "update/slots.h"
#include "update/volumes.h"

#define HOOK "/etc/cowboot/fsck"

static struct board board;

int menu_map(struct board *b, const char *verb, enum plan_map map)
{
	struct dm_state state;
	struct facts facts;
	struct plan plan;
	int rc = board_open(b, verb, BOARD_CHANGE);

	if (rc)
		return -EIO;
	world_facts(&b->world, true, &facts);
	facts.recovery_asked = false;
	plan = decide(&facts);
	if (plan.then != THEN_BOOT || (plan.map != map && plan.persist != PERSIST_FINISH)) {
		printf("cannot %s: %s\n", verb, plan.reason);
		return -EPERM;
	}
	/* Left by a merge that was stopped: the verb looks at it with its own eyes. */
	if (b->conf.volume_count && dm_state(b->conf.volume[0].name, &state) == 0)
		return 0;
	if (volumes_map(&b->world, plan.map) < 0) {
		cli_failed();
		return -EIO;
	}
	return 0;
}

void menu_merge(void)
{
	static char *const words[] = { "merge", "--wait", NULL };
	int rc = menu_map(&board, "merge", MAP_MERGE);

	board_unlock(&board);
	if (!rc) {
		rc = menu_verb(cli_merge, words);
		if (rc == EXIT_DONE)
			volumes_unmap(&board.world);
		else
			puts("The merge is not at its end. Nothing is lost: reboot, or choose it again.");
	}
	board_close(&board);
}

void menu_revert(const struct view *v)
{
	static char *const bad[] = { "mark-bad", "reverted in recovery", NULL };
	static char *const cancel[] = { "cancel", NULL };

	if (v->record->phase == PHASE_STAGING)
		menu_verb(cli_cancel, cancel);
	else
		menu_verb(cli_mark_bad, bad);
}

void menu_anew(void)
{
	int rc = board_open(&board, "make a new record", BOARD_FORCE);

	if (!rc && board.world.copies.health != RECORD_DAMAGED) {
		puts("The record can be read: nothing was done.");
	} else if (!rc) {
		record_clear(&board.world.record);
		/* ---- The line: what could not be read is written over, as told (I4). ---- */
		if (slots_end_trial(&board.world) < 0)
			log_warn("%s", fail_text()); /* it ends by itself, some boots later */
		rc = copies_save(&board.world.meta, &board.world.record, &board.world.copies, true);
		if (rc)
			cli_failed();
		else
			puts("There is a new record: no update is pending.");
	}
	board_close(&board);
}

/* ---- file systems ---- */

const char *menu_checker(void)
{
	static const char *const paths[] = { HOOK, "/bin/e2fsck", "/sbin/e2fsck" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (sys_is_program(paths[i]))
			return paths[i];
	return NULL;
}

static void check_one(const struct conf_mount *m, bool repair)
{
	char device[sizeof("/dev/mapper/") + sizeof(m->name)];
	char *const hook[] = { "fsck", device, (char *)m->fstype, repair ? "rw" : "ro", NULL };
	char *const e2fsck[] = { "e2fsck", "-f", repair ? "-p" : "-n", device, NULL };
	const char *path = menu_checker();
	int code;

	snprintf(device, sizeof(device), "/dev/mapper/%s", m->name);
	printf("\n%s, %s, %s:\n", m->name, m->fstype, repair ? "repairing" : "only looking");
	if (!path || (strcmp(path, HOOK) && strncmp(m->fstype, "ext", 3))) {
		printf("there is nothing here that checks %s\n", m->fstype);
		return;
	}
	code = menu_program(path, strcmp(path, HOOK) ? e2fsck : hook);
	printf("%s: %s (code %d)\n", m->name,
	       code == 0 ? "sound" : code == 1 ? "repaired" : "errors are left", code);
}

static void check_data(struct board *b)
{
	int rc = b->world.data_dir ? sys_umount(b->world.data_dir, 0) : 0;

	if (rc < 0) {
		printf("cannot check data: somebody uses it (%s)\n", strerror(-rc));
		return;
	}
	check_one(&b->conf.data, true);
	if (volumes_mount(&b->conf.data, RECOVERY_DATA, 0) < 0)
		cli_failed();
}

/* The volumes only where they are mapped plain, and never for writing: their bytes are the bundle's. */
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
	board_close(&board);
}

/* ---- logs ---- */

void menu_logs(void)
{
	static char text[LOGS_BYTES_MAX];
	size_t len;

	if (logs_kernel(text, sizeof(text), &len)) {
		cli_failed();
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
