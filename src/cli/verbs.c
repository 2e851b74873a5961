/* SPDX-License-Identifier: MIT */
/*
 * The command as the board and the build host both have it: the verbs that both know, the options
 * before a verb, help.  What only one of them knows comes from its main().  Knows nothing of updates.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "update/open.h"

static const struct cli_verb verbs[] = {
	{ "status", cli_status, "[--json] [--explain]",
	  "Show the phase, tries left, volumes, store use, merge progress and the last result.\n"
	  "  --json     the same for programs\n"
	  "  --explain  what the next boot would do, and why" },
	{ "install", cli_install, "[--allow-downgrade] [--header-file FILE] BUNDLE|URL|-",
	  "Check a bundle, lay down its stores beside the running system, verify the result and\n"
	  "arm the trial boot. Exits 4: reboot to try it. - reads standard input; what begins with\n"
	  "http:// or https:// is fetched by the system's curl, of a full bundle only what is needed.\n"
	  "  --allow-downgrade   also one of an older release, where cowboot.conf allows that\n"
	  "  --header-file FILE  lines for the server, such as \"Authorization: Bearer TOKEN\"" },
	{ "mark-good", cli_mark_good, "[--wait]",
	  "Confirm the running trial, keep what it replaces, and begin to merge it.\n"
	  "  --wait  return when it is merged, with progress" },
	{ "mark-bad", cli_mark_bad, "[REASON]",
	  "Refuse the trial; the next boot drops it. Exits 4 where it runs: reboot to go back." },
	{ "merge", cli_merge, "[--wait]",
	  "Start, resume or watch the merge of a confirmed update.\n"
	  "  --wait  return when it is done, with progress" },
	{ "rollback", cli_rollback, "",
	  "Try the system before this one again, which was kept when this one was confirmed.\n"
	  "Exits 4: reboot to try it; mark-good confirms it. Exits 2 when nothing is kept." },
	{ "forget", cli_forget, "",
	  "Give the space of the kept system back. Exits 2 when nothing is kept." },
	{ "cancel", cli_cancel, "",
	  "Drop an update that has not been booted yet, and give its space back." },
	{ "log", cli_log, "[--json] [N] | --keep [-]",
	  "How the last N updates ended, newest first: at most 16, which is also the default;\n"
	  "and with a trial that was given up the end of its own log, where that was kept.\n"
	  "  --json  the same for programs\n"
	  "  --keep  keep the end of the running trial's log, from the kernel or, with -, from\n"
	  "          standard input, and what the last panic has left in pstore" },
	{ "recovery", cli_recovery, "[--reboot | --hash]",
	  "The menu that init opens on every console when no boot is left.\n"
	  "  --reboot  from the running system: the next boot ends there, once; reboots if it can,\n"
	  "            exits 4 if not\n"
	  "  --hash    read a password, print the line for cowboot.conf" },
	{ "bench-disk", cli_bench_disk, "[--cuts | --check] [OPTIONS] TARGET",
	  "What a disk's flushes and writes cost; and what it loses at a power cut that it had\n"
	  "confirmed. Writes over TARGET: a spare partition, or a file.\n"
	  "  --size MIB      use so much of it (64), or make a file of that size\n"
	  "  --seconds N     for each measurement (3)\n"
	  "  --force         TARGET holds something: write over it\n"
	  "  --cuts          judge the round before, and write until the power is cut\n"
	  "  --cut COMMAND   with it: what cuts the power\n"
	  "  --check         judge only; exits 1 when something was lost that was confirmed\n"
	  "  --log FILE      on another disk: what was confirmed, line by line\n"
	  "  --confirmed N   the last number of confirmed writes that was seen on the screen\n"
	  "  --same-boot     only the disk lost its power, and this system did not\n"
	  "  --json          what was measured, or the verdict, for programs" },
};

static const char *config_path;
static bool has_stdout = true;

const char *cli_config_path(void)
{
	return config_path;
}

bool cli_has_stdout(void)
{
	return has_stdout;
}

static void list(const struct cli_verb *verb)
{
	if (verb->help)
		printf("  cowboot %s%s%s\n", verb->name, *verb->args ? " " : "", verb->args);
}

static int help(const struct cli_verb *more)
{
	puts("usage: cowboot [--config FILE] [--progress HOW] VERB ...\n\n"
	     "Lets a board try a system update and change its mind.\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		list(&verbs[i]);
	for (; more->name; more++)
		list(more);
	puts("\n  cowboot VERB --help   what a verb does\n"
	     "  cowboot --version\n\n"
	     "--config FILE: the board's configuration instead of " OPEN_CONFIG ".\n"
	     "--progress HOW: of long work, on standard error: text, json (a line each) or none.\n"
	     "Exit codes: 0 done; 1 failed; 2 nothing to do; 3 not in this phase;\n"
	     "4 done, reboot to go on; 64 usage.");
	return cli_printed(EXIT_DONE);
}

static int help_of(const struct cli_verb *verb)
{
	printf("usage: cowboot %s%s%s\n\n%s\n", verb->name, *verb->args ? " " : "", verb->args,
	       verb->help);
	return cli_printed(EXIT_DONE);
}

static bool asks_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static const struct cli_verb *find(const struct cli_verb *more, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	for (; more->name; more++)
		if (!strcmp(more->name, name))
			return more;
	return NULL;
}

/* A verb without a help is run even when help was asked for: it only refuses. */
static int run(const struct cli_verb *verb, bool asked, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		asked = asked || asks_help(argv[i]);
	return asked && verb->help ? help_of(verb) : verb->run(argc, argv);
}

/* Those before the verb that take a word; NULL: there is none. */
static int take_option(const char *name, const char *word)
{
	static const char *const hows[] = { "text", "json", "none" };

	_Static_assert(PROGRESS_TEXT == 0 && PROGRESS_JSON == 1 && PROGRESS_NONE == 2, "by place");
	if (!strcmp(name, "--config")) {
		if (!word)
			return cli_usage(NULL, "--config needs a file");
		config_path = word;
		return 0;
	}
	if (strcmp(name, "--progress"))
		return cli_usage(NULL, "unknown option '%s'", name);
	for (unsigned how = 0; word && how < ARRAY_SIZE(hows); how++)
		if (!strcmp(word, hows[how])) {
			progress_tell((enum progress_how)how);
			return 0;
		}
	return cli_usage(NULL, "--progress needs text, json or none");
}

int cli_run(int argc, char **argv, const struct cli_verb *more)
{
	const struct cli_verb *verb;
	bool asked;
	int i = 1, rc;

	if (sys_hold_standard() & 1u << STDOUT_FILENO)
		has_stdout = false;
	log_setup("cowboot", NULL, LOG_NOTE);
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (asks_help(argv[i]))
			return help(more);
		if (!strcmp(argv[i], "--version")) {
			puts("cowboot " COWBOOT_VERSION);
			return cli_printed(EXIT_DONE);
		}
		rc = take_option(argv[i], argv[i + 1]);
		if (rc)
			return rc;
		i++;
	}
	if (i == argc)
		return cli_usage(NULL, "no verb given");
	asked = !strcmp(argv[i], "help");
	if (asked && ++i == argc)
		return help(more);
	verb = find(more, argv[i]);
	return verb ? run(verb, asked, argc - i, argv + i) :
		      cli_usage(NULL, "unknown verb '%s'", argv[i]);
}
