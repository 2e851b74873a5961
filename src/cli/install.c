/* SPDX-License-Identifier: MIT */
/* cowboot install: calls update_install with the bundle, and says what came of it. */
#include "base/fail.h"
#include "base/stop.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "update/keys.h"
#include "update/transition.h"

static int install(struct board *b, const char *name, bool allow_downgrade, struct bundle *bundle)
{
	bool already;
	enum outcome end = update_install(&b->world, bundle, name, allow_downgrade, &already);

	if (end != OUTCOME_REBOOT || already)
		return cli_ended(end);
	cli_print("installed %s: reboot to try it (%u %s)\n", b->world.record.version_to,
		  b->conf.tries, b->conf.tries == 1 ? "try" : "tries");
	return cli_printed(EXIT_REBOOT);
}

static int install_from(struct board *b, struct input *input, bool allow_downgrade)
{
	static struct trust trust;
	struct bundle *bundle = NULL;
	enum outcome ready = update_ready(&b->world);
	const char *signatures;
	size_t len;
	int rc;

	if (ready != OUTCOME_DONE)
		return cli_ended(ready);
	if (stop_catch())
		return cli_failed();
	rc = keys_load(&b->conf, &trust);
	if (!rc)
		rc = input_bundle(input, &trust, &bundle);
	if (rc) {
		fail_in(rc, "cannot install %s", input->name);
		return cli_failed();
	}
	input_may_skip(input, bundle);
	signatures = bundle_signatures(bundle, &len);
	keys_tell(&trust, signatures, len, bundle_signed_hash(bundle));
	rc = install(b, input->name, allow_downgrade, bundle);
	input_tell(input, bundle);
	bundle_close(bundle);
	return rc;
}

int cli_install(int argc, char **argv)
{
	static struct board board;
	static struct input input;
	const char *header_file = NULL;
	bool allow_downgrade = false;
	const struct cli_option options[] = {
		{ "--allow-downgrade", &allow_downgrade, NULL },
		{ "--header-file", NULL, &header_file }, { NULL, NULL, NULL },
	};
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 2)
		return cli_usage("install", "one bundle, its URL, or - for standard input");
	if (input_open(&input, argv[1], header_file))
		return cli_refuse(EXIT_FAILED, "cannot install %s: %s", input.name, fail_text());
	rc = board_open(&board, "install", WORLD_CHANGE);
	if (!rc)
		rc = install_from(&board, &input, allow_downgrade);
	board_close(&board);
	input_close(&input);
	return rc;
}
