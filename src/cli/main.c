/* SPDX-License-Identifier: MIT */
/*
 * cowboot on the board.  Must never hold what makes bundles or stores: that is host/, whose program
 * begins in host/main.c.
 */
#include "cli/bundle_verb.h"
#include "cli/cli.h"

static int not_here(const char *verb)
{
	return cli_refuse(EXIT_FAILED, "cannot run %s: only the build host's cowboot has it", verb);
}

static int no_create(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return not_here("bundle create");
}

static int no_verb(int argc, char **argv)
{
	(void)argc;
	return not_here(argv[0]);
}

static int board_bundle(int argc, char **argv)
{
	static const struct cli_sub subs[] = {
		{ "create", no_create },
		{ "info", bundle_info },
		{ "verify", bundle_verify },
		{ 0 },
	};

	return cli_sub(subs, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "bundle", board_bundle, "info BUNDLE | verify BUNDLE",
		  "Look at bundles, the files that updates travel in; the build host's cowboot makes "
		  "them.\n" BUNDLE_HELP_LOOK
		  "- as BUNDLE is standard input." },
		{ "image", no_verb, NULL, NULL },
		{ "store", no_verb, NULL, NULL },
		{ 0 },
	};

	return cli_run(argc, argv, verbs);
}
