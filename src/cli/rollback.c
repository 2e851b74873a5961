/* SPDX-License-Identifier: MIT */
/* cowboot rollback and cowboot forget: what is kept of the old system, tried or given up. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/board.h"
#include "cli/cli.h"
#include "update/kept.h"

static int rollback(struct world *w)
{
	bool already;
	enum outcome end = update_rollback(w, &already);

	if (end != OUTCOME_REBOOT || already)
		return cli_ended(end);
	cli_print("the way back to %s is armed: reboot to try it (%" PRIu32 " tries)\n",
		  w->record.version_to, w->record.tries_total);
	return cli_printed(EXIT_REBOOT);
}

static int forget(struct world *w)
{
	const uint64_t bytes = kept_bytes(&w->record);
	char version[RECORD_VERSION_MAX];
	enum outcome end;

	snprintf(version, sizeof(version), "%s", w->record.kept.version);
	end = update_forget(w);
	if (end != OUTCOME_DONE)
		return cli_ended(end);
	cli_print("forgot %s: %" PRIu64 " bytes are free again\n", version, bytes);
	return cli_printed(EXIT_DONE);
}

static int run(int argc, char **argv, const char *verb, int (*work)(struct world *w))
{
	static struct board board;
	int rc = cli_options(&argc, argv, NULL);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage(verb, "%s takes no operand", verb);
	rc = board_open(&board, verb, WORLD_CHANGE);
	if (!rc)
		rc = work(&board.world);
	board_close(&board);
	return rc;
}

int cli_rollback(int argc, char **argv)
{
	return run(argc, argv, "rollback", rollback);
}

int cli_forget(int argc, char **argv)
{
	return run(argc, argv, "forget", forget);
}
