/* SPDX-License-Identifier: MIT */
/* cowboot log: how the last updates ended, newest first.  Reads only, and without the lock (I17). */
#include <stdio.h>

#include "base/fail.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "cli/results.h"

static int show(const struct world *w, unsigned count, bool json)
{
	static char buf[64 * 1024];
	struct text_out out;

	if (w->meta.fd < 0)
		return cli_refuse(EXIT_FAILED, "cannot show the log: the partition of the record is not there");
	if (w->copies.health == RECORD_DAMAGED)
		return cli_refuse(EXIT_FAILED, "cannot show the log: the record on %s cannot be used (%s)",
				  w->meta_part.path, w->copies.why);
	text_begin(&out, buf, sizeof(buf));
	if (json)
		results_json(&w->record, count, &out);
	else
		results_text(&w->record, count, &out);
	if (!json)
		text_blot(buf);
	fputs(buf, stdout);
	if (out.full)
		return cli_refuse(EXIT_FAILED, "cannot show the log: it is too long");
	if (!json && !results_count(&w->record))
		return cli_refuse(EXIT_NOTHING, "no update has ended on this board yet");
	return cli_printed(EXIT_DONE);
}

int cli_log(int argc, char **argv)
{
	static struct board board;
	bool json = false;
	const struct cli_option options[] = { { "--json", &json, NULL }, { NULL, NULL, NULL } };
	uint64_t count = 1 + RECORD_EARLIER_MAX;
	int rc = cli_options(&argc, argv, options);

	if (!rc && argc > 2)
		rc = cli_usage("log", "log takes one number at most");
	if (!rc && argc == 2)
		rc = cli_number("log", "the number of results", argv[1], 1, count, &count);
	if (rc)
		return rc;
	rc = board_open(&board, "show the log", WORLD_LOOK);
	if (!rc)
		rc = show(&board.world, (unsigned)count, json);
	board_close(&board);
	return rc;
}
