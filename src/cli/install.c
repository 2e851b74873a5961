/* SPDX-License-Identifier: MIT */
/*
 * cowboot install: check, lay down the stores, verify the result, arm the trial.
 *
 * Holds I9: `staging` is durable before any room is taken, and whatever goes wrong, a signal
 * included, ends with the record idle, its last result as it was, and the room given back.  Holds
 * I6: no origin is opened for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/install.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/store.h"

#define POLL_MS 500	/* a signal just before a read on a pipe waits this long */

static volatile sig_atomic_t stop;

static void take_signal(int number)
{
	stop = number;
}

int install_stopped(void)
{
	return stop ? fail(EINTR, "stopped by signal %d", (int)stop) : 0;
}

/* No SA_RESTART: a read that waits for a pipe ends. */
static int catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction action = { .sa_handler = take_signal };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], &action, NULL))
			return fail_sys(errno, "cannot catch signals");
	return 0;
}

/* A bundle_read that a signal ends. */
static ssize_t read_input(void *ctx, void *buf, size_t len_bytes)
{
	struct pollfd input = { .fd = *(const int *)ctx, .events = POLLIN };

	for (;;) {
		int rc = install_stopped();

		if (rc)
			return rc;
		rc = poll(&input, 1, POLL_MS);
		if (rc < 0 && errno != EINTR)
			return fail_sys(errno, "cannot wait for input");
		if (rc > 0)
			break;
	}
	return bundle_read_fd(ctx, buf, len_bytes);
}

/* The record as `staging`: from here on the next boot clears up, if this program cannot. */
static int stage(struct board *b, const struct bundle_manifest *manifest)
{
	struct record *rec = &b->world.record;
	const char *from = manifest->version_from[0] ? manifest->version_from : board_version(rec);
	uint8_t id[RECORD_ID_BYTES];
	int rc = sys_random(id, sizeof(id));

	if (rc)
		return fail_sys(-rc, "cannot make an identity for it");
	snprintf(rec->version_from, sizeof(rec->version_from), "%.*s", RECORD_VERSION_MAX - 1,
		 from);
	snprintf(rec->version_to, sizeof(rec->version_to), "%s", manifest->version_to);
	memcpy(rec->update_id, id, sizeof(id));
	if (!rec->slot_old)
		rec->slot_old = b->conf.slot;
	rec->slot = manifest->boot.image_bytes ? install_slot(b) : 0;
	install_plan(b, manifest);
	rec->phase = PHASE_STAGING;
	return copies_save(&b->world.meta, rec, &b->world.copies, false);
}

static int lay_down(struct board *b, struct bundle *bundle)
{
	struct progress progress;
	char what[RECORD_VERSION_MAX + 16];
	int rc = install_reserve(b);

	if (rc)
		return rc;
	snprintf(what, sizeof(what), "installing %s", b->world.record.version_to);
	progress_begin(&progress, what, bundle_total_bytes(bundle));
	if (b->world.record.slot)
		rc = install_boot(b, bundle, &progress);
	for (unsigned v = 0; !rc && v < b->world.record.volume_count; v++)
		rc = install_fill(b, v, bundle, &progress);
	progress_end(&progress);
	return rc ? rc : bundle_end(bundle);
}

static int arm(struct board *b)
{
	struct record *rec = &b->world.record;
	int rc = 0;

	for (unsigned v = 0; !rc && v < rec->volume_count; v++)
		rc = verify_result(b, v);
	if (!rc)
		rc = install_stopped();
	if (rc)
		return rc;
	/* All is on the medium and nothing writes any more: a device that stays does no harm. */
	for (unsigned v = 0; v < rec->volume_count; v++)
		if (store_unmap(rec->volume[v].name))
			log_warn("%s", fail_text());
	rec->phase = PHASE_TRIAL;
	rec->tries_left = rec->tries_total = b->conf.tries;
	/*
	 * ---- The line: from here on the next boot tries it.  With a kernel of its own only once the
	 * boot loader knows: a cut before that boots the old one, which goes back. ----
	 */
	rc = copies_save(&b->world.meta, rec, &b->world.copies, false);
	return rc || !rec->slot ? rc : slots_arm(&b->world);
}

/*
 * Back to where nothing was: the boot loader first, then the record, then the room.  The last result
 * stays as it was.
 */
static void undo(struct board *b)
{
	struct record *rec = &b->world.record;
	int rc = rec->slot ? slots_disarm(&b->world) : 0;

	if (rc)
		log_warn("%s; the next boot sets it right", fail_text());
	record_clear(rec);
	rc = copies_save(&b->world.meta, rec, &b->world.copies, false);
	if (!rc)
		rc = settle_space(&b->world);
	if (rc)
		log_warn("%s; the next boot or cowboot cancel clears up", fail_text());
}

/* What must be so before the record is touched. EXIT_DONE to go on. */
static int check_first(struct board *b, const char *name, const struct bundle_manifest *manifest)
{
	bool same = false;
	int rc = install_check(b, manifest);

	if (!rc)
		rc = verify_base(manifest, &same);
	if (rc) {
		fail_in(rc, "cannot install %s", name);
		return cli_failed();
	}
	if (same)
		return cli_refuse(EXIT_NOTHING, "nothing to install: what %s brings is there already",
				  manifest->version_to);
	return EXIT_DONE;
}

static int install(struct board *b, const char *name, struct bundle *bundle)
{
	const struct bundle_manifest *manifest = bundle_manifest(bundle);
	char why[FAIL_TEXT_MAX];
	int rc = check_first(b, name, manifest);

	if (rc)
		return rc;
	/* What an earlier update could not give back: the record is idle, so it is nobody's. */
	rc = settle_space(&b->world);
	if (!rc)
		rc = stage(b, manifest);
	if (!rc)
		rc = lay_down(b, bundle);
	if (!rc)
		rc = arm(b);
	if (rc) {
		fail_in(rc, "cannot install %s", name);
		snprintf(why, sizeof(why), "%s", fail_text());
		undo(b);
		return cli_refuse(EXIT_FAILED, "%s", why);
	}
	printf("installed %s: reboot to try it (%u %s)\n", manifest->version_to, b->conf.tries,
	       b->conf.tries == 1 ? "try" : "tries");
	return cli_printed(EXIT_REBOOT);
}

/*
 * Whether there is room for an update now. An install that was cut is dropped: we hold the lock, it
 * is dead.
 */
static int check_phase(struct board *b)
{
	const struct record *rec = &b->world.record;

	switch (rec->phase) {
	case PHASE_TRIAL:
		if (board_count_live(b, LIVE_TRIAL))
			return cli_refuse(EXIT_PHASE, "cannot install: the trial of %s runs; "
					  "confirm it with cowboot mark-good or refuse it with "
					  "cowboot mark-bad", rec->version_to);
		return cli_refuse(EXIT_PHASE, "cannot install: %s waits for its trial boot; "
				  "reboot, or drop it with cowboot cancel", rec->version_to);
	case PHASE_MERGING:
		return cli_refuse(EXIT_PHASE, "cannot install: %s is being merged; cowboot merge "
				  "--wait ends it", rec->version_to);
	case PHASE_STAGING:
		log_note("dropping an install of %s that was cut", rec->version_to);
		if (settle_record(&b->world, RESULT_CANCELLED, "its install was cut"))
			return cli_failed();
		return EXIT_DONE;
	default:
		return EXIT_DONE;
	}
}

static int install_from(struct board *b, const char *name, int fd)
{
	struct bundle *bundle = NULL;
	int rc = check_phase(b);

	if (rc)
		return rc;
	if (catch_signals())
		return cli_failed();
	rc = bundle_open(read_input, &fd, &bundle);
	if (rc) {
		fail_in(rc, "cannot install %s", name);
		return cli_failed();
	}
	rc = install(b, name, bundle);
	bundle_close(bundle);
	return rc;
}

int cli_install(int argc, char **argv)
{
	static struct board board;
	int fd = STDIN_FILENO, rc = cli_options(&argc, argv, NULL);
	const char *name;

	if (rc)
		return rc;
	if (argc != 2)
		return cli_usage("install", "one bundle, or - for standard input");
	name = strcmp(argv[1], "-") ? argv[1] : "standard input";
	if (strcmp(argv[1], "-"))
		fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_refuse(EXIT_FAILED, "cannot open bundle %s: %s", argv[1],
				  strerror(errno));
	rc = board_open(&board, "install", BOARD_CHANGE);
	if (!rc)
		rc = install_from(&board, name, fd);
	board_close(&board);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}
