/* SPDX-License-Identifier: MIT */
/* cowboot cancel: calls update_drop, and says what came of it. */
#include "cli/board.h"
#include "cli/cli.h"
#include "update/transition.h"

static int cancel(struct world *w)
{
	enum outcome end = update_drop(w);

	if (end != OUTCOME_DONE)
		return cli_ended(end);
	cli_print("cancelled %s: nothing is pending\n", w->record.last.version_to);
	return cli_printed(EXIT_DONE);
}

int cli_cancel(int argc, char **argv)
{
	static struct board board;
	int rc = cli_options(&argc, argv, NULL);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("cancel", "cancel takes no operand");
	rc = board_open(&board, "cancel", WORLD_CHANGE);
	if (!rc)
		rc = cancel(&board.world);
	board_close(&board);
	return rc;
}
