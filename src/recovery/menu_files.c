/* SPDX-License-Identifier: MIT */
/*
 * Asking for a stick, and for a file on it.  The names on a stick are not to be trusted: no byte of
 * them that a terminal could obey reaches the terminal.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "recovery/media.h"
#include "recovery/menu.h"
#include "recovery/terminal.h"

#define LOOK_MS 500
#define LOOKS_MAX 12

static struct menu_board board;

unsigned menu_number(const char *prompt, unsigned count)
{
	char typed[16];
	uint64_t number;

	if (terminal_ask(prompt, typed, sizeof(typed)) || text_number(typed, count, &number))
		return 0;
	return (unsigned)number;
}

void menu_size(uint64_t bytes)
{
	printf("%" PRIu64 ".%" PRIu64 " MB", bytes / 1000000, bytes / 100000 % 10);
}

static void say_none(bool configured)
{
	puts("There is no stick and no card with a file system known here (vfat, exfat, ext4).\n"
	     "Put one in and choose again.");
	if (!configured)
		puts("Without the board's configuration only USB sticks are looked at: any other disk "
		     "may be the board's own.");
}

int menu_take_medium(bool write)
{
	static struct medium media[MEDIA_MAX];
	unsigned count, chosen;
	int rc;

	/* Where the board's own partitions are; whatever it says of them is on the screen already. */
	log_setup("cowboot", NULL, LOG_ERROR);
	rc = menu_open(&board, "look for a stick", WORLD_LOOK);
	log_setup("cowboot", NULL, LOG_NOTE);
	count = media_list("", rc ? NULL : &board.world, media);
	/* The kernel takes its time with a stick that was just put in. */
	for (unsigned looks = 0; !count && looks < LOOKS_MAX; looks++) {
		sys_sleep_ms(LOOK_MS);
		count = media_list("", rc ? NULL : &board.world, media);
	}
	menu_close(&board);
	if (!count) {
		say_none(rc == 0);
		return -ENODEV;
	}
	puts("\nSticks and cards:");
	for (unsigned i = 0; i < count; i++) {
		printf("  %2u  %-8s %-5s ", i + 1, media[i].name, media[i].fstype);
		menu_size(media[i].size_bytes);
		text_blot_line(media[i].label);
		printf("  %s\n", media[i].label);
	}
	chosen = menu_number("Which one? ", count);
	if (!chosen)
		return -ECANCELED;
	rc = media_mount(&media[chosen - 1], write);
	if (rc)
		menu_failed();
	return rc;
}

static void show_files(const struct files *files)
{
	char shown[FILES_NAME_MAX];

	puts("\nFiles:");
	for (unsigned i = 0; i < files->count; i++) {
		snprintf(shown, sizeof(shown), "%s", files->name[i]);
		text_blot_line(shown);
		printf("  %2u  %s\n", i + 1, shown);
	}
	if (files->more)
		printf("      and %u more; a file that is not listed can be typed by its name\n",
		       files->more);
}

/* What was typed as a file: its number in the list, or its name; NULL: neither. */
static const char *meant(const struct files *files, const char *typed)
{
	uint64_t number;

	if (!text_number(typed, files->count, &number) && number)
		return files->name[number - 1];
	return files_has(MEDIA_DIR, typed) ? typed : NULL;
}

int menu_take_file(const char *what, enum files_kind kind, struct menu_file *ret_file)
{
	static struct files files;
	char prompt[64], typed[FILES_NAME_MAX];
	const char *name;

	files_list(MEDIA_DIR, kind, &files);
	if (!files.count) {
		puts("There is no file at the top of it.");
		return -ENOENT;
	}
	show_files(&files);
	snprintf(prompt, sizeof(prompt), "Which one is the %s? ", what);
	if (terminal_ask(prompt, typed, sizeof(typed)) || !typed[0])
		return -ECANCELED;
	name = meant(&files, typed);
	if (!name) {
		puts("There is no such file.");
		return -ENOENT;
	}
	snprintf(ret_file->path, sizeof(ret_file->path), MEDIA_DIR "/%s", name);
	snprintf(ret_file->shown, sizeof(ret_file->shown), "%s", name);
	text_blot_line(ret_file->shown);
	return 0;
}
