/* SPDX-License-Identifier: MIT */
/*
 * What the menu of recovery does with a stick or a card: a bundle from it, an image from it, the
 * logs onto it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"
#include "recovery/image.h"
#include "recovery/logs.h"
#include "recovery/media.h"
#include "recovery/menu.h"
#include "update/keys.h"
#include "update/places.h"
#include "update/transition.h"
#include "update/volumes.h"

static struct menu_board board, mine;	/* the menu's, and that of a process of its own */

static void let_medium_go(void)
{
	if (media_umount())
		menu_failed();
}

/* What nobody has signed whose signature counts here is not opened. */
static int open_bundle(const struct world *w, int *fd, struct bundle **ret_bundle)
{
	static const struct bundle_seek files = { .skip = bundle_skip_fd };
	static struct trust trust;
	const char *signatures;
	size_t len;
	int rc = keys_load(w->conf, &trust);

	if (!rc)
		rc = bundle_open(bundle_read_fd, fd, &trust, ret_bundle);
	if (rc)
		return rc;
	bundle_may_skip(*ret_bundle, &files);
	signatures = bundle_signatures(*ret_bundle, &len);
	keys_tell(&trust, signatures, len, bundle_signed_hash(*ret_bundle));
	return 0;
}

/* What came of it, with its line printed. */
static enum outcome install(struct world *w, int fd, const char *name)
{
	struct bundle *bundle = NULL;
	enum outcome end = update_ready(w);
	bool already = false;
	int rc;

	if (end == OUTCOME_DONE) {
		rc = stop_catch();
		if (!rc)
			rc = open_bundle(w, &fd, &bundle);
		if (rc)
			fail_in(rc, "cannot install %s", name);
		end = rc ? OUTCOME_FAILED : update_install(w, bundle, name, false, &already);
	}
	if (end == OUTCOME_REBOOT && !already)
		printf("installed %s: reboot to try it (%u %s)\n", w->record.version_to,
		       w->conf->tries, w->conf->tries == 1 ? "try" : "tries");
	else
		menu_failed();
	if (bundle)
		bundle_close(bundle);
	return end;
}

/* In a process of its own, with a lock of its own. */
static int install_apart(void *ctx)
{
	const struct menu_file *file = ctx;
	enum outcome end = OUTCOME_FAILED;
	int fd = -1;

	if (!menu_open(&mine, "install", WORLD_CHANGE)) {
		fd = sys_open(file->path, O_RDONLY);
		if (fd < 0)
			printf("cannot open bundle %s: %s\n", file->shown, strerror(-fd));
		else
			end = install(&mine.world, fd, file->shown);
	}
	sys_close(fd);
	menu_close(&mine);
	return (int)end;
}

static void install_from(struct menu_file *file)
{
	int rc = menu_map(&board, "install", MAP_LINEAR);

	world_unlock(&board.world);
	if (!rc) {
		(void)menu_apart(install_apart, file);
		volumes_unmap(&board.world);
	}
	menu_close(&board);
}

void menu_install(void)
{
	static struct menu_file file;

	if (menu_take_medium(false))
		return;
	if (!menu_take_file("bundle", FILES_BUNDLE, &file))
		install_from(&file);
	let_medium_go();
}

/* ---- a whole image ---- */

static int tell_progress(void *ctx, uint64_t done_bytes)
{
	progress_set(ctx, done_bytes);
	return 0;
}

/* Asks for the volume: an index in conf->volume[], or -1. */
static int take_volume(const struct conf *conf)
{
	unsigned chosen = 1;

	if (conf->volume_count > 1) {
		puts("\nVolumes:");
		for (unsigned i = 0; i < conf->volume_count; i++)
			printf("  %2u  %s, on %s\n", i + 1, conf->volume[i].name,
			       conf->volume[i].dir);
		chosen = menu_number("Which one gets the image? ", conf->volume_count);
	}
	return (int)chosen - 1;
}

/* What the menu knew may be old: the same question again, with the lock held. */
static const char *refused_now(const struct view *v)
{
	struct view now = *v;
	struct facts facts;

	world_facts(&board.world, &facts);
	facts.recovery_asked = false;
	now.plan = decide(&facts);
	now.record = &board.world.record;
	now.copies = board.world.copies;
	now.volume_misplaced = board.world.volume_misplaced;
	now.volume_replaced = places_replaced(&board.world);
	return choice_refused(&now, CHOICE_IMAGE);
}

/* Whether anybody has signed it who may: image_signed, with its line printed. */
static int check_image(const struct menu_file *file, const struct dev *image,
		       uint8_t ret_hash[MINISIGN_HASH_BYTES])
{
	static struct progress progress;
	static struct trust trust;
	int rc = keys_load(&board.conf, &trust);

	progress_begin(&progress, "checking", file->shown, image->size_bytes);
	if (!rc)
		rc = image_signed(file->path, image, &trust, tell_progress, &progress, ret_hash);
	progress_end(&progress);
	if (rc < 0) {
		fail_in(rc, "cannot take %s", file->shown);
		menu_failed();
	}
	return rc;
}

static void put_image(const struct view *v, const struct dev *image, const struct menu_file *file)
{
	static struct progress progress;
	uint8_t hash[MINISIGN_HASH_BYTES];
	const char *name = file->shown;
	int i = take_volume(&board.conf), is_signed, rc;

	if (i < 0)
		return;
	is_signed = check_image(file, image, hash);
	if (is_signed < 0)
		return;
	printf("\n%s, ", name);
	menu_size(image->size_bytes);
	printf(", goes onto the volume %s, %s.", board.conf.volume[i].name,
	       board.world.volume_part[i].path);
	if (board.conf.volume_count > 1)
		printf(" The others stay as they are: give each the image that belongs to it.");
	if (!menu_sure(v, CHOICE_IMAGE))
		return;
	/* A device over the partition would hold it; one that is in use keeps it, and says so. */
	volumes_unmap(&board.world);
	progress_begin(&progress, "writing", board.conf.volume[i].name, 2 * image->size_bytes);
	rc = image_put(&board.world, (unsigned)i, image, is_signed ? hash : NULL, name, tell_progress,
		       &progress);
	progress_end(&progress);
	if (rc) {
		fail_in(rc, "cannot put %s onto %s", name, board.conf.volume[i].name);
		menu_failed();
	} else {
		printf("%s holds %s now.\n", board.conf.volume[i].name, name);
	}
	if (record_is_partial(&board.world.record, board.conf.volume[i].name))
		puts("The volume is not whole: the board boots when an image was put onto it.");
}

void menu_image(const struct view *v)
{
	static struct menu_file file;
	struct dev image = DEV_CLOSED;
	int rc;

	if (menu_take_medium(false))
		return;
	if (!menu_take_file("image", FILES_IMAGE, &file)) {
		rc = dev_open(file.path, DEV_READ, &image);
		if (rc)
			menu_failed();
		else
			rc = menu_open(&board, "put an image onto a volume", WORLD_CHANGE);
		if (!rc && refused_now(v))
			printf("Not now: %s.\n", refused_now(v));
		else if (!rc)
			put_image(v, &image, &file);
		menu_close(&board);
		dev_close(&image);
	}
	let_medium_go();
}

/* ---- logs ---- */

void menu_save(const struct view *v)
{
	static char status[8192];
	struct text_out out;
	char name[64];

	if (menu_take_medium(true))
		return;
	text_begin(&out, status, sizeof(status));
	view_text(v, &out);
	if (logs_save(MEDIA_DIR, v->board, status, name, sizeof(name)))
		menu_failed();
	else if (media_umount())
		menu_failed();
	else {
		printf("The logs are in the folder %s.\n", name);
		return;
	}
	/* After a failure it is mounted still, or again in doubt; one more try does no harm. */
	(void)media_umount();
}
