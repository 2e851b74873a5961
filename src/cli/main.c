/* SPDX-License-Identifier: MIT */
/*
 * cowboot, the command: the table of verbs, and what all of them share.  Knows nothing of updates.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *help;
} verbs[] = {
	{ "status", cli_status, "[--json] [--explain]",
	  "Show the phase, tries left, volumes, store use, merge progress and the last result.\n"
	  "  --json     the same for programs\n"
	  "  --explain  what the next boot would do, and why" },
	{ "install", cli_install, "BUNDLE|-",
	  "Check a bundle, lay down its stores beside the running system, verify the result and\n"
	  "arm the trial boot. Exits 4: reboot to try it. - reads standard input." },
	{ "mark-good", cli_mark_good, "[--wait]",
	  "Confirm the running trial and begin to merge it. From then on there is no way back.\n"
	  "  --wait  return when it is merged, with progress" },
	{ "mark-bad", cli_mark_bad, "[REASON]",
	  "Refuse the running trial; the next boot goes back. Exits 4: reboot to go back." },
	{ "merge", cli_merge, "[--wait]",
	  "Start, resume or watch the merge of a confirmed update.\n"
	  "  --wait  return when it is done, with progress" },
	{ "cancel", cli_cancel, "",
	  "Drop an update that has not been booted yet, and give its space back." },
	{ "recovery", cli_recovery, "[--reboot | --hash]",
	  "The menu that init opens on every console when no boot is left.\n"
	  "  --reboot  from the running system: the next boot ends there, once; reboots if it can,\n"
	  "            exits 4 if not\n"
	  "  --hash    read a password, print the line for cowboot.conf" },
	{ "bundle", cli_bundle,
	  "create -o OUT --version V NAME=OLD:NEW ... | info BUNDLE | verify BUNDLE",
	  "Make and look at bundles, the files that updates travel in.\n"
	  "  create -o OUT --version V [--from V0] [--board B] [--chunk-sectors C] [--level L]\n"
	  "         [--boot IMAGE] NAME=OLD:NEW ...\n"
	  "                             write what turns each volume's OLD image into NEW; IMAGE is\n"
	  "                             the other boot slot's: kernel, initramfs, device trees\n"
	  "  info [--json] BUNDLE       show what a bundle says of itself\n"
	  "  verify BUNDLE              check all of it, to every store's every exception\n"
	  "- as OUT or BUNDLE is standard output or input. create exits 2 when nothing differs." },
	{ "store", cli_store,
	  "create OLD NEW -o STORE | size N | check STORE | apply OLD STORE -o NEW",
	  "Write, measure, check and merge stores, in the kernel's own format, without a kernel.\n"
	  "  create [--chunk-sectors C] OLD NEW -o STORE\n"
	  "  size [--chunk-sectors C] N                    bytes of a store for N chunks\n"
	  "  check [--json] --origin-bytes B STORE         exits 1, says which exception is bad\n"
	  "  apply OLD STORE -o NEW                        write what a merge would leave\n"
	  "- as the output is standard output; check reads standard input for -." },
};

static const char *config_path = CLI_CONFIG_DEFAULT;

const char *cli_config_path(void)
{
	return config_path;
}

static int help(void)
{
	puts("usage: cowboot [--config FILE] VERB ...\n\n"
	     "Lets a board try a system update and change its mind.\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  cowboot %s%s%s\n", verbs[i].name, *verbs[i].args ? " " : "",
		       verbs[i].args);
	puts("\n  cowboot VERB --help   what a verb does\n"
	     "  cowboot --version\n\n"
	     "--config FILE: the board's configuration instead of " CLI_CONFIG_DEFAULT ".\n"
	     "Exit codes: 0 done; 1 failed; 2 nothing to do; 3 not in this phase;\n"
	     "4 done, reboot to go on; 64 usage.");
	return cli_printed(EXIT_DONE);
}

static int help_of(size_t verb)
{
	printf("usage: cowboot %s%s%s\n\n%s\n", verbs[verb].name, *verbs[verb].args ? " " : "",
	       verbs[verb].args, verbs[verb].help);
	return cli_printed(EXIT_DONE);
}

static bool asks_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int run(size_t verb, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (asks_help(argv[i]))
			return help_of(verb);
	return verbs[verb].run(argc, argv);
}

int main(int argc, char **argv)
{
	bool asked;
	int i = 1;

	log_setup("cowboot", NULL, LOG_NOTE);
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (asks_help(argv[i]))
			return help();
		if (!strcmp(argv[i], "--version")) {
			puts("cowboot " COWBOOT_VERSION);
			return cli_printed(EXIT_DONE);
		}
		if (strcmp(argv[i], "--config"))
			return cli_usage(NULL, "unknown option '%s'", argv[i]);
		if (++i == argc)
			return cli_usage(NULL, "--config needs a file");
		config_path = argv[i];
	}
	if (i == argc)
		return cli_usage(NULL, "no verb given");
	asked = !strcmp(argv[i], "help");
	if (asked && ++i == argc)
		return help();
	for (size_t v = 0; v < ARRAY_SIZE(verbs); v++)
		if (!strcmp(argv[i], verbs[v].name))
			return asked ? help_of(v) : run(v, argc - i, argv + i);
	return cli_usage(NULL, "unknown verb '%s'", argv[i]);
}
