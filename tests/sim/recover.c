/* SPDX-License-Identifier: MIT */
/* What the menu of recovery does to the disks, by the shipped calls, without the terminal. */
#include <stdio.h>

#include "base/fail.h"
#include "recovery/menu.h"
#include "person.h"
#include "recovery/image.h"
#include "update/transition.h"
#include "update/volumes.h"

/* Not the shipped programs' memory, which begins anew with each of them. */
static struct menu_board board;

void recover_merge(void)
{
	int rc;

	say("-- recovery: merge");
	fresh_program();
	rc = menu_map(&board, "merge", MAP_MERGE);
	world_unlock(&board.world);
	if (rc == 0 && run_verb(VERB_MERGE) == 0)
		volumes_unmap(&board.world);
	menu_close(&board);
}

void recover_turn_back(void)
{
	int rc;

	say("-- recovery: back to what is kept");
	fresh_program();
	rc = menu_open(&board, "go back", WORLD_CHANGE);
	if (rc == 0) {
		saw_turn(false);
		rc = update_turn_back(&board.world, REASON_TURNED_BACK) == OUTCOME_DONE ? 0 : -1;
	}
	say("-- %s", rc ? fail_text() : "it is turned back");
	if (rc == 0)
		saw_turn(true);
	menu_close(&board);
}

static int go_on(void *ctx, uint64_t done_bytes)
{
	(void)ctx;
	(void)done_bytes;
	return 0;
}

void recover_image(void)
{
	struct dev image = DEV_CLOSED;
	int rc;

	say("-- recovery: image");
	fresh_program();
	rc = menu_open(&board, "put an image onto a volume", WORLD_CHANGE);
	if (rc == 0)
		rc = dev_open("/image", DEV_READ, &image);
	if (rc == 0) {
		saw_image(false);
		rc = image_put(&board.world, 0, &image, NULL, "factory.img", go_on, NULL);
		say("-- %s", rc ? fail_text() : "the image is there");
		if (rc == 0)
			saw_image(true);
	}
	if (rc && !ledger.faults)
		violation("an image could not be put onto the volume though nothing was wrong: %s",
			  fail_text());
	dev_close(&image);
	menu_close(&board);
}
