/* SPDX-License-Identifier: MIT */
/* cowboot install: calls update_install with the bundle from a file or a pipe, and says what came of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/stop.h"
#include "base/sys.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "update/keys.h"
#include "update/transition.h"

#define POLL_MS 500	/* a signal just before a read on a pipe waits this long */

/* A bundle_read that a signal ends. */
static ssize_t read_input(void *ctx, void *buf, size_t len_bytes)
{
	const int fd = *(const int *)ctx;

	for (;;) {
		int rc = stop_asked();

		if (rc)
			return rc;
		rc = sys_wait_input(fd, POLL_MS);
		if (rc < 0 && rc != -EINTR)
			return fail_sys(-rc, "cannot wait for input");
		if (rc > 0)
			break;
	}
	return bundle_read_fd(ctx, buf, len_bytes);
}

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

static int install_from(struct board *b, const char *name, bool allow_downgrade, int fd)
{
	static const struct bundle_seek files = { .skip = bundle_skip_fd };
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
		rc = bundle_open(read_input, &fd, &trust, &bundle);
	if (rc) {
		fail_in(rc, "cannot install %s", name);
		return cli_failed();
	}
	bundle_may_skip(bundle, &files);
	signatures = bundle_signatures(bundle, &len);
	keys_tell(&trust, signatures, len, bundle_signed_hash(bundle));
	rc = install(b, name, allow_downgrade, bundle);
	bundle_close(bundle);
	return rc;
}

int cli_install(int argc, char **argv)
{
	static struct board board;
	bool allow_downgrade = false;
	const struct cli_option options[] = {
		{ "--allow-downgrade", &allow_downgrade, NULL }, { NULL, NULL, NULL },
	};
	int fd = STDIN_FILENO, rc = cli_options(&argc, argv, options);
	const char *name;

	if (rc)
		return rc;
	if (argc != 2)
		return cli_usage("install", "one bundle, or - for standard input");
	name = strcmp(argv[1], "-") ? argv[1] : "standard input";
	if (strcmp(argv[1], "-"))
		fd = sys_open(argv[1], O_RDONLY);
	if (fd < 0)
		return cli_refuse(EXIT_FAILED, "cannot open bundle %s: %s", argv[1],
				  strerror(-fd));
	rc = board_open(&board, "install", WORLD_CHANGE);
	if (!rc)
		rc = install_from(&board, name, allow_downgrade, fd);
	board_close(&board);
	if (fd != STDIN_FILENO)
		sys_close(fd);
	return rc;
}
