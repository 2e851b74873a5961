/* SPDX-License-Identifier: MIT */
/*
 * cowboot cancel: drop an update that has not been booted, and give its space back (I9).  Must
 * never free a store that a device is mapped over: a trial that runs is refused, not cancelled.
 */
#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/log.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "update/settle.h"
#include "update/slots.h"

static int drop(struct board *b, const char *reason)
{
	/* Before the record, or a cut between the two has the new kernel started once more. */
	if (slots_disarm(&b->world)) {
		fail_in(-EIO, "cannot cancel %s", b->world.record.version_to);
		return cli_failed();
	}
	/* ---- The line: from here on no boot tries it. ---- */
	if (settle_record(&b->world, RESULT_CANCELLED, reason))
		return cli_failed();
	if (settle_space(&b->world)) {
		cli_failed();
		return cli_refuse(EXIT_FAILED, "cancelled %s, but its space is not free yet; the "
				  "next install frees it", b->world.record.last.version_to);
	}
	printf("cancelled %s: nothing is pending\n", b->world.record.last.version_to);
	return cli_printed(EXIT_DONE);
}

int cli_cancel(int argc, char **argv)
{
	static struct board board;
	const struct record *rec = &board.world.record;
	int rc = cli_options(&argc, argv, NULL);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("cancel", "cancel takes no operand");
	rc = board_open(&board, "cancel", BOARD_CHANGE);
	if (rc) {
		board_close(&board);
		return rc;
	}
	switch (rec->phase) {
	case PHASE_STAGING:
		/* We hold the lock, so whoever staged it is gone. */
		rc = drop(&board, "its install was cut");
		break;
	case PHASE_TRIAL:
		if (board_count_live(&board, LIVE_ORIGIN) + board_count_live(&board, LIVE_NONE) ==
		    rec->volume_count)
			rc = drop(&board, "cancelled before it was booted");
		else
			rc = cli_refuse(EXIT_PHASE, "cannot cancel %s: it is what runs; cowboot "
					"mark-bad refuses it", rec->version_to);
		break;
	case PHASE_MERGING:
		rc = cli_refuse(EXIT_PHASE, "cannot cancel %s: it is confirmed and merging, there "
				"is no way back", rec->version_to);
		break;
	default:
		rc = cli_refuse(EXIT_NOTHING, "nothing to cancel: no update is pending");
		break;
	}
	board_close(&board);
	return rc;
}
