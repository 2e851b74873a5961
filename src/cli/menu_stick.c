/* SPDX-License-Identifier: MIT */
/*
 * What the menu of recovery does with a stick or a card: a bundle from it, an image from it, the
 * logs onto it.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/menu.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "recovery/image.h"
#include "recovery/logs.h"
#include "recovery/media.h"
#include "update/volumes.h"

#define FILES_MAX 40
#define FILE_NAME_MAX 128
#define LOOK_MS 500
#define LOOKS_MAX 12

static struct board board;

/* A number from 1 to count; 0: none of them. */
static unsigned ask_number(const char *prompt, unsigned count)
{
	char typed[16];
	uint64_t number;

	if (terminal_ask(prompt, typed, sizeof(typed)) || text_number(typed, count, &number))
		return 0;
	return (unsigned)number;
}

static void print_size(uint64_t bytes)
{
	printf("%" PRIu64 ".%" PRIu64 " MB", bytes / 1000000, bytes / 100000 % 10);
}

/* Asks which one, and mounts it. */
static int take_medium(bool write)
{
	static struct medium media[MEDIA_MAX];
	unsigned count, chosen;
	int rc;

	/* Where the board's own partitions are; whatever it says of them is on the screen already. */
	log_setup("cowboot", NULL, LOG_ERROR);
	rc = board_open(&board, "look for a stick", BOARD_LOOK);
	log_setup("cowboot", NULL, LOG_NOTE);
	count = media_list(rc ? NULL : &board.world, media);
	/* The kernel takes its time with a stick that was just put in. */
	for (unsigned looks = 0; !count && looks < LOOKS_MAX; looks++) {
		sys_sleep_ms(LOOK_MS);
		count = media_list(rc ? NULL : &board.world, media);
	}
	board_close(&board);
	if (!count) {
		puts("There is no stick and no card with a file system known here (vfat, ext4).\n"
		     "Put one in and choose again.");
		return -ENODEV;
	}
	puts("\nSticks and cards:");
	for (unsigned i = 0; i < count; i++) {
		printf("  %2u  %-8s %-5s ", i + 1, media[i].name, media[i].fstype);
		print_size(media[i].size_bytes);
		printf("  %s\n", media[i].label);
	}
	chosen = ask_number("Which one? ", count);
	if (!chosen)
		return -ECANCELED;
	rc = media_mount(&media[chosen - 1], write);
	if (rc)
		cli_failed();
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* The files at the top of the stick, in order; with suffix only those that end so. */
static unsigned list_files(const char *suffix, char files[FILES_MAX][FILE_NAME_MAX])
{
	DIR *dir = opendir(MEDIA_DIR);
	struct dirent *entry;
	unsigned count = 0;
	struct stat st;

	if (!dir)
		return 0;
	while (count < FILES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= FILE_NAME_MAX ||
		    (suffix && !ends_with(entry->d_name, suffix)) ||
		    fstatat(dirfd(dir), entry->d_name, &st, 0) || !S_ISREG(st.st_mode))
			continue;
		strcpy(files[count++], entry->d_name);
	}
	closedir(dir);
	qsort(files, count, FILE_NAME_MAX, by_name);
	return count;
}

/* Asks which file; its path into path, and its name. */
static int take_file(const char *what, const char *suffix, char *path, size_t size_bytes,
		     const char **ret_name)
{
	static char files[FILES_MAX][FILE_NAME_MAX];
	unsigned count = list_files(suffix, files), chosen;
	char prompt[64];

	if (!count && suffix)
		count = list_files(NULL, files);
	if (!count) {
		puts("There is no file at the top of it.");
		return -ENOENT;
	}
	puts("\nFiles:");
	for (unsigned i = 0; i < count; i++)
		printf("  %2u  %s\n", i + 1, files[i]);
	snprintf(prompt, sizeof(prompt), "Which one is the %s? ", what);
	chosen = ask_number(prompt, count);
	if (!chosen)
		return -ECANCELED;
	snprintf(path, size_bytes, MEDIA_DIR "/%s", files[chosen - 1]);
	*ret_name = files[chosen - 1];
	return 0;
}

static void let_medium_go(void)
{
	if (media_umount())
		cli_failed();
}

static void install_from(char *path)
{
	char *const words[] = { "install", path, NULL };
	int rc = menu_map(&board, "install", MAP_LINEAR);

	board_unlock(&board);
	if (!rc) {
		rc = menu_verb(cli_install, words);
		volumes_unmap(&board.world);
	}
	if (rc == EXIT_REBOOT)
		puts("The next boot tries it.");
	board_close(&board);
}

void menu_install(void)
{
	char path[FILE_NAME_MAX + sizeof(MEDIA_DIR) + 1];
	const char *name;

	if (take_medium(false))
		return;
	if (!take_file("bundle", ".bundle", path, sizeof(path), &name))
		install_from(path);
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
		chosen = ask_number("Which one gets the image? ", conf->volume_count);
	}
	return (int)chosen - 1;
}

/* What the menu knew may be old: the same question again, with the lock held. */
static const char *refused_now(const struct view *v)
{
	struct view now = *v;
	struct facts facts;

	world_facts(&board.world, false, &facts);
	facts.recovery_asked = false;
	now.plan = decide(&facts);
	now.record = &board.world.record;
	now.copies = board.world.copies;
	return choice_refused(&now, CHOICE_IMAGE);
}

static void put_image(const struct view *v, const struct dev *image, const char *name)
{
	static struct progress progress;
	char what[64];
	int i = take_volume(&board.conf), rc;

	if (i < 0)
		return;
	printf("\n%s, ", name);
	print_size(image->size_bytes);
	printf(", goes onto the volume %s.", board.conf.volume[i].name);
	if (board.conf.volume_count > 1)
		printf(" The others stay as they are: give each the image that belongs to it.");
	if (!menu_sure(v, CHOICE_IMAGE))
		return;
	/* A device over the partition would hold it; one that is in use keeps it, and says so. */
	volumes_unmap(&board.world);
	snprintf(what, sizeof(what), "writing and comparing %s", board.conf.volume[i].name);
	progress_begin(&progress, what, 2 * image->size_bytes);
	rc = image_put(&board.world, (unsigned)i, image, name, tell_progress, &progress);
	progress_end(&progress);
	if (rc) {
		fail_in(rc, "cannot put %s onto %s", name, board.conf.volume[i].name);
		cli_failed();
	} else {
		printf("%s holds %s now.\n", board.conf.volume[i].name, name);
	}
	if (record_is_partial(&board.world.record, board.conf.volume[i].name))
		puts("The volume is not whole: the board boots when an image was put onto it.");
}

void menu_image(const struct view *v)
{
	char path[FILE_NAME_MAX + sizeof(MEDIA_DIR) + 1];
	struct dev image = DEV_CLOSED;
	const char *name;
	int rc;

	if (take_medium(false))
		return;
	if (!take_file("image", NULL, path, sizeof(path), &name)) {
		rc = dev_open(path, DEV_READ, &image);
		if (rc)
			cli_failed();
		else
			rc = board_open(&board, "put an image onto a volume", BOARD_CHANGE);
		if (!rc && refused_now(v))
			printf("Not now: %s.\n", refused_now(v));
		else if (!rc)
			put_image(v, &image, name);
		board_close(&board);
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

	if (take_medium(true))
		return;
	text_begin(&out, status, sizeof(status));
	view_text(v, &out);
	if (logs_save(MEDIA_DIR, v->board, status, name, sizeof(name)))
		cli_failed();
	else if (media_umount())
		cli_failed();
	else {
		printf("The logs are in the folder %s.\n", name);
		return;
	}
	/* After a failure it is mounted still, or again in doubt; one more try does no harm. */
	(void)media_umount();
}
