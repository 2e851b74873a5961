/* SPDX-License-Identifier: MIT */
/*
 * cowboot mark-bad: calls update_refuse, and says what came of it.  The devices stay as they are until
 * the next boot, which drops the stores and boots the origins.
 */
#include "cli/board.h"
#include "cli/cli.h"
#include "update/transition.h"

static int refuse(struct world *w, const char *reason)
{
	enum outcome end = update_refuse(w, reason);
	const struct record *rec = &w->record;

	if (end == OUTCOME_DONE)
		cli_print("refused %s (%s): it does not run, and the next boot drops it; cowboot "
			  "cancel does so now\n", rec->version_to, rec->refused);
	else if (end == OUTCOME_REBOOT)
		cli_print("refused %s (%s): reboot to go back\n", rec->version_to, rec->refused);
	else
		return cli_ended(end);
	return cli_printed((enum cli_exit)end);
}

int cli_mark_bad(int argc, char **argv)
{
	static struct board board;
	const char *reason = "refused by mark-bad";
	int rc = cli_options(&argc, argv, NULL);

	if (rc)
		return rc;
	if (argc > 2)
		return cli_usage("mark-bad", "one reason at most; put it in quotes");
	if (argc == 2)
		reason = argv[1];
	if (!update_reason_ok(reason))
		return cli_usage("mark-bad", "a reason is one line of 1 to %d bytes",
				 RECORD_REASON_MAX - 1);
	rc = board_open(&board, "mark-bad", WORLD_CHANGE);
	if (!rc)
		rc = refuse(&board.world, reason);
	board_close(&board);
	return rc;
}
