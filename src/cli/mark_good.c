/* SPDX-License-Identifier: MIT */
/* cowboot mark-good: calls update_confirm, then goes on with the merge, and says what came of both. */
#include <stdio.h>

#include "base/stop.h"
#include "cli/cli.h"
#include "cli/merge.h"

static bool is_confirmed(const struct world *w)
{
	return w->record.phase == PHASE_MERGING || w->record.phase == PHASE_PROVING;
}

static int merge_on(struct world *w, bool wait)
{
	cli_refuse(EXIT_DONE, "%s is confirmed already", w->record.version_to);
	return merge_run(w, wait);
}

static int confirm(struct world *w, bool wait)
{
	unsigned waiting;
	enum outcome end;

	if (stop_catch())
		return cli_failed();
	end = update_confirm(w, &waiting);
	if (end == OUTCOME_NOTHING && is_confirmed(w))
		return merge_on(w, wait);
	if (end != OUTCOME_DONE && end != OUTCOME_REBOOT)
		return cli_ended(end);
	cli_print("confirmed %s\n", w->record.version_to);
	if (end == OUTCOME_REBOOT)
		return cli_printed((enum cli_exit)cli_ended(end));
	if (wait)
		return merge_run(w, true);
	puts("merging in the background; cowboot merge --wait waits for its end");
	return cli_printed(EXIT_DONE);
}

static int note_good(struct world *w)
{
	enum outcome end = update_note_good(w);

	if (end != OUTCOME_DONE)
		return cli_ended(end);
	puts("this boot is good");
	return cli_printed(EXIT_DONE);
}

int cli_mark_good(int argc, char **argv)
{
	static struct board board;
	struct world *w = &board.world;
	bool wait = false;
	const struct cli_option options[] = { { "--wait", &wait, NULL }, { NULL, NULL, NULL } };
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("mark-good", "mark-good takes no operand");
	rc = board_open(&board, "mark-good", WORLD_CHANGE);
	if (!rc && w->record.phase == PHASE_IDLE) {
		rc = note_good(w);
	} else if (!rc && is_confirmed(w)) {
		rc = merge_on(w, wait);
	} else if (!rc) {
		rc = confirm(w, wait);
	}
	board_close(&board);
	return rc;
}
