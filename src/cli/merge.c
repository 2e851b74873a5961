/* SPDX-License-Identifier: MIT */
/* cowboot merge: start, resume or watch the merge of a confirmed update, by update_merge. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/merge.h"

int merge_run(struct world *w, bool wait)
{
	struct merging merging;
	enum outcome end = update_merge(w, wait, &merging);

	if (end != OUTCOME_DONE)
		return cli_ended(end);
	if (merging.by_other)
		puts("merged: another command ended it");
	else if (merging.over)
		cli_print("merged %s: it is the system now\n", w->record.last.version_to);
	else if (merging.done)
		cli_print("merged %s, and not proven yet; cowboot merge --wait proves it\n",
			  w->record.version_to);
	else
		cli_print("merging %s: %u %%; cowboot merge --wait waits for its end\n",
			  w->record.version_to,
			  merging_percent(merging.total_sectors, merging.left_sectors));
	return cli_printed(EXIT_DONE);
}

int cli_merge(int argc, char **argv)
{
	static struct board board;
	bool wait = false;
	const struct cli_option options[] = { { "--wait", &wait, NULL }, { NULL, NULL, NULL } };
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("merge", "merge takes no operand");
	rc = board_open(&board, "merge", WORLD_CHANGE);
	if (!rc)
		rc = merge_run(&board.world, wait);
	board_close(&board);
	return rc;
}
