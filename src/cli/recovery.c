/* SPDX-License-Identifier: MIT */
/*
 * cowboot recovery: the menu, where init has started it; the request for it, from a system that
 * runs; the line for its password.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/menu.h"
#include "cli/terminal.h"
#include "recovery/lock.h"
#include "update/recovery.h"

#define PASSWORD_MAX 256

/* Whether init has given up in this boot, and the initramfs is the root. */
static bool in_recovery(void)
{
	dev_t dev;

	return sys_fs_dev(RECOVERY_FILE, &dev) == 0;
}

static int ask_for_it(struct board *b)
{
	static struct record next;

	if (b->world.record.recovery.asked)
		return 0;
	next = b->world.record;
	next.recovery.asked = true;
	if (copies_save(&b->world.meta, &next, &b->world.copies, false)) {
		fail_in(-EIO, "cannot ask for recovery");
		return cli_failed();
	}
	return 0;
}

static int reboot_into(void)
{
	static struct board board;
	static char *const argv[] = { "reboot", NULL };
	int rc;

	if (in_recovery())
		return cli_refuse(EXIT_NOTHING, "this is recovery");
	rc = board_open(&board, "ask for recovery", BOARD_CHANGE);
	if (!rc)
		rc = ask_for_it(&board);
	board_close(&board);
	if (rc)
		return rc;
	puts("the next boot ends in recovery");
	rc = cli_printed(EXIT_REBOOT);
	if (rc == EXIT_REBOOT && sys_is_program("/sbin/reboot"))
		sys_exec("/sbin/reboot", argv, environ);
	return rc == EXIT_REBOOT ? cli_refuse(EXIT_REBOOT, "reboot to get there") : rc;
}

static int print_hash(void)
{
	char password[PASSWORD_MAX], hash[CONF_PASSWORD_MAX];

	/* The prompt is no part of the result. */
	if (isatty(STDIN_FILENO))
		fputs("password: ", stderr);
	if (terminal_secret("", password, sizeof(password)) || !password[0])
		return cli_refuse(EXIT_FAILED, "cannot hash the password: there is none");
	if (lock_hash(password, hash))
		return cli_failed();
	printf("recovery-password %s\n", hash);
	return cli_printed(EXIT_DONE);
}

int cli_recovery(int argc, char **argv)
{
	bool reboot = false, hash = false;
	const struct cli_option options[] = {
		{ "--reboot", &reboot, NULL }, { "--hash", &hash, NULL }, { NULL, NULL, NULL },
	};
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 1 || (reboot && hash))
		return cli_usage("recovery", "one of --reboot and --hash, and no operand");
	if (hash)
		return print_hash();
	if (reboot)
		return reboot_into();
	if (!in_recovery())
		return cli_refuse(EXIT_PHASE, "cannot show the menu of recovery: a system runs; it is "
				  "what init opens when no boot is left, or when asked with cowboot "
				  "recovery --reboot");
	rc = menu_run();
	/* From a shell: that one's exit code is what init sees. */
	if (rc >= RECOVERY_ANSWERS && getppid() != 1)
		printf("Leave this shell with `exit %d`: then it is done.\n", rc);
	return rc;
}
