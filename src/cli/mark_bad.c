/* SPDX-License-Identifier: MIT */
/*
 * cowboot mark-bad: refuse the trial.  Only the record changes; the devices stay as they are until
 * the next boot, which drops the stores and boots the origins.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "state/copies.h"
#include "update/slots.h"

static int refuse_trial(struct board *b, const char *reason)
{
	struct record *rec = &b->world.record;

	if (!rec->refused[0]) {
		snprintf(rec->refused, sizeof(rec->refused), "%s", reason);
		if (copies_save(&b->world.meta, rec, &b->world.copies, false)) {
			fail_in(-EIO, "cannot refuse %s", rec->version_to);
			return cli_failed();
		}
	}
	/* The next boot goes back anyway; this spares it one more start of the new kernel. */
	if (slots_disarm(&b->world))
		log_warn("%s", fail_text());
	printf("refused %s (%s): reboot to go back\n", rec->version_to, rec->refused);
	return cli_printed(EXIT_REBOOT);
}

/* A reason ends up in the record, in logs and in JSON: one line of text. */
static bool reason_ok(const char *reason)
{
	for (const char *p = reason; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return *reason && strlen(reason) < RECORD_REASON_MAX;
}

int cli_mark_bad(int argc, char **argv)
{
	static struct board board;
	const struct record *rec = &board.world.record;
	const char *reason = "refused by mark-bad";
	int rc = cli_options(&argc, argv, NULL);

	if (rc)
		return rc;
	if (argc > 2)
		return cli_usage("mark-bad", "one reason at most; put it in quotes");
	if (argc == 2)
		reason = argv[1];
	if (!reason_ok(reason))
		return cli_usage("mark-bad", "a reason is one line of 1 to %d bytes",
				 RECORD_REASON_MAX - 1);
	rc = board_open(&board, "mark-bad", BOARD_CHANGE);
	if (rc) {
		board_close(&board);
		return rc;
	}
	switch (rec->phase) {
	case PHASE_TRIAL:
		rc = refuse_trial(&board, reason);
		break;
	case PHASE_MERGING:
		rc = cli_refuse(EXIT_PHASE, "cannot refuse %s: it is confirmed and merging, there "
				"is no way back", rec->version_to);
		break;
	case PHASE_STAGING:
		rc = cli_refuse(EXIT_PHASE, "cannot refuse %s: it is not installed; cowboot cancel "
				"drops what is left of its install", rec->version_to);
		break;
	default:
		rc = cli_refuse(EXIT_NOTHING, "nothing to refuse: no update is pending");
		break;
	}
	board_close(&board);
	return rc;
}
