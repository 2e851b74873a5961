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

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "recovery/answer.h"
#include "recovery/menu.h"
#include "recovery/password.h"
#include "recovery/terminal.h"

#define PASSWORD_MAX 256

/* Whether init has given up in this boot, and the initramfs is the root. */
static bool in_recovery(void)
{
	dev_t dev;

	return sys_fs_dev(RECOVERY_FILE, &dev) == 0;
}

/* Runs the system's reboot(8), wherever that is; returns only when there is none that starts. */
static void run_reboot(void)
{
	static const char *const paths[] = { "/sbin/reboot", "/usr/sbin/reboot", "/bin/reboot",
					     "/usr/bin/reboot" };
	static char *const argv[] = { "reboot", NULL };
	static const char systemctl[] = "/usr/bin/systemctl";
	static char *const by_systemd[] = { "systemctl", "reboot", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (sys_is_program(paths[i]))
			sys_exec(paths[i], argv, environ);
	if (sys_is_program(systemctl))
		sys_exec(systemctl, by_systemd, environ);
}

static int reboot_into(void)
{
	static struct board board;
	int rc;

	if (in_recovery())
		return cli_refuse(EXIT_NOTHING, "this is recovery");
	rc = board_open(&board, "ask for recovery", WORLD_CHANGE);
	if (!rc && update_ask_recovery(&board.world))
		rc = cli_failed();
	board_close(&board);
	if (rc)
		return rc;
	puts("the next boot ends in recovery");
	rc = cli_printed(EXIT_REBOOT);
	if (rc == EXIT_REBOOT)
		run_reboot();
	return rc == EXIT_REBOOT ? cli_refuse(EXIT_REBOOT, "this system has no program \"reboot\" "
					      "that starts: reboot it yourself to get there") : rc;
}

static int print_hash(void)
{
	char password[PASSWORD_MAX], hash[CONF_PASSWORD_MAX];

	/* The prompt is no part of the result. */
	if (sys_is_terminal(STDIN_FILENO))
		fputs("password: ", stderr);
	if (terminal_secret("", password, sizeof(password)) || !password[0])
		return cli_refuse(EXIT_FAILED, "cannot hash the password: there is none");
	if (password_hash(password, hash))
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
	if (rc < 0)
		return EXIT_FAILED;
	/* Started from a shell, whose exit code is what init sees. */
	if (rc >= RECOVERY_ANSWERS && !sys_is_child_of_first())
		printf("Leave this shell with `exit %d`: then it is done.\n", rc);
	return rc;
}
