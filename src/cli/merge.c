/* SPDX-License-Identifier: MIT */
/*
 * cowboot merge: start, resume or watch the merge of a confirmed update. The work is in merging.c.
 */
#include "cli/cli.h"
#include "cli/merging.h"

int cli_merge(int argc, char **argv)
{
	static struct board board;
	const struct record *rec = &board.world.record;
	bool wait = false;
	const struct cli_option options[] = { { "--wait", &wait, NULL }, { NULL, NULL, NULL } };
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("merge", "merge takes no operand");
	rc = board_open(&board, "merge", BOARD_CHANGE);
	if (rc) {
		board_close(&board);
		return rc;
	}
	switch (rec->phase) {
	case PHASE_MERGING:
		rc = merging_run(&board, wait);
		break;
	case PHASE_TRIAL:
		rc = cli_refuse(EXIT_PHASE, "cannot merge %s: it is not confirmed; boot it and run "
				"cowboot mark-good", rec->version_to);
		break;
	case PHASE_STAGING:
		rc = cli_refuse(EXIT_PHASE, "cannot merge %s: its install was cut; cowboot cancel "
				"drops it", rec->version_to);
		break;
	default:
		rc = cli_refuse(EXIT_NOTHING, "nothing to merge: no update is pending");
		break;
	}
	board_close(&board);
	return rc;
}
