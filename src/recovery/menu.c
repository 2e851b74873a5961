/* SPDX-License-Identifier: MIT */
/*
 * The menu of recovery.  Only talks: what is done is done by verbs and by src/recovery, under the lock
 * that every command takes, so two consoles are no danger.  Must never offer a choice before the
 * password of a locked board is given.
 */
#include "recovery/menu.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "conf/lock.h"
#include "recovery/answer.h"
#include "recovery/password.h"
#include "recovery/terminal.h"
#include "storage/storefile.h"
#include "update/fsck.h"
#include "update/places.h"

#define WRONG_PAUSE_MS 3000
#define SCREEN_BYTES 8192

/* ---- what is known ---- */

static char reason[RECORD_REASON_MAX * 2], detail[FAIL_TEXT_MAX];

/* The first two lines of what init left. */
static void read_reason(void)
{
	static char text[2048];
	char *end;

	reason[0] = detail[0] = 0;
	if (sys_read_file(RECOVERY_FILE, text, sizeof(text), NULL)) {
		snprintf(reason, sizeof(reason), "init left no reason");
		return;
	}
	end = strchr(text, '\n');
	if (end)
		*end++ = 0;
	snprintf(reason, sizeof(reason), "%.*s", (int)sizeof(reason) - 1, text);
	if (end)
		snprintf(detail, sizeof(detail), "%.*s", (int)strcspn(end, "\n"), end);
}

static const char *unknown_partial(const struct world *w)
{
	const struct record_recovery *recovery = &w->record.recovery;

	for (unsigned i = 0; i < RECORD_VOLUMES_MAX && recovery->partial[i][0]; i++)
		if (world_named(w, recovery->partial[i]) < 0)
			return recovery->partial[i];
	return NULL;
}

/* The board stays open for reading, so that what the view points at stays. */
static void look(struct menu_board *b, struct view *v)
{
	struct facts facts;

	/* What is missing is on the screen in better words than the log's. */
	log_setup("cowboot", NULL, LOG_ERROR);
	*v = (struct view){ .board = "", .reason = reason, .detail = detail };
	read_reason();
	v->configured = menu_open(b, "look", WORLD_LOOK) == 0;
	v->shell = conf_lock(&b->conf, LOCK_SHELL) != LOCK_REFUSED;
	v->changes = conf_lock(&b->conf, LOCK_CHANGE) != LOCK_REFUSED;
	if (v->configured) {
		v->board = b->conf.board;
		v->meta = b->world.meta.fd >= 0;
		v->copies = b->world.copies;
		v->record = &b->world.record;
		v->data = b->world.data_dir != NULL;
		v->unknown = unknown_partial(&b->world);
		v->volume_misplaced = b->world.volume_misplaced;
		v->volume_replaced = places_replaced(&b->world);
		v->stores_left = world_stores_left(&b->world);
		v->checker = fsck_program() != NULL;
		world_facts(&b->world, &facts);
		facts.recovery_asked = false;
		v->plan = decide(&facts);
	}
	log_setup("cowboot", NULL, LOG_NOTE);
}

static void show(const struct view *v, bool choices)
{
	static char screen[SCREEN_BYTES];
	struct text_out out;

	text_begin(&out, screen, sizeof(screen));
	view_text(v, &out);
	if (choices)
		view_choices(v, &out);
	text_blot(screen);
	fputs(screen, stdout);
}

/* ---- asking ---- */

bool menu_sure(const struct view *v, enum choice choice)
{
	const char *loss = choice_loss(v, choice);
	char prompt[64], typed[32];

	if (!loss)
		return true;
	printf("\n%s\n", loss);
	snprintf(prompt, sizeof(prompt), "Type \"%s\" to do it: ", choice_word(choice));
	if (!terminal_ask(prompt, typed, sizeof(typed)) && !strcmp(typed, choice_word(choice)))
		return true;
	puts("Nothing was done.");
	return false;
}

/*
 * In the initramfs of a board with a password the tools are not executable; otherwise rdinit= at the
 * boot loader's prompt could start a shell; see initramfs/mkinitramfs.  Where there are no tools, the
 * choice `shell` says so.
 */
static void unlock_tools(void)
{
	(void)sys_chmod("/bin/toybox", 0755);
}

/* Returns when the password was given; -EPIPE when nobody is there to give it. */
static int unlock(const struct conf *conf)
{
	char password[256];
	bool opens;
	int rc;

	if (!conf_lock_opens(conf))
		puts("The password cannot be read from the configuration: none opens this.");
	for (;;) {
		rc = terminal_secret("Password: ", password, sizeof(password));
		if (rc)
			return rc;
		opens = password_opens(conf->recovery_password, password);
		memset(password, 0, sizeof(password));
		if (opens) {
			unlock_tools();
			return 0;
		}
		sys_sleep_ms(WRONG_PAUSE_MS);
		puts("That is not it.");
	}
}

static void shell(void)
{
	static char *const argv[] = { "sh", NULL };

	puts("`exit` leads back to the menu.");
	if (menu_program("/bin/sh", argv) == 127)
		puts("cannot start /bin/sh");
}

/* One of enum recovery_answer, or 0 to go on. */
static int act(const struct view *v, enum choice choice)
{
	switch (choice) {
	case CHOICE_AGAIN:
		return RECOVERY_AGAIN;
	case CHOICE_REBOOT:
		return RECOVERY_RESTART;
	case CHOICE_POWEROFF:
		return RECOVERY_OFF;
	case CHOICE_REVERT:
		menu_revert();
		break;
	case CHOICE_MERGE:
		menu_merge();
		break;
	case CHOICE_INSTALL:
		menu_install();
		break;
	case CHOICE_IMAGE:
		menu_image(v);
		break;
	case CHOICE_CHECK:
		menu_check();
		break;
	case CHOICE_LOGS:
		menu_logs();
		break;
	case CHOICE_SAVE:
		menu_save(v);
		break;
	case CHOICE_SHELL:
		shell();
		return 0;
	case CHOICE_ANEW:
		menu_anew();
		break;
	case CHOICE_BACK:
		menu_back();
		break;
	default:
		return 0;
	}
	terminal_pause();
	return 0;
}

/* Asks until something can be done; an answer for init, 0, or -EPIPE. */
static int choose(const struct view *v)
{
	char typed[64], prompt[64];
	enum choice choice;
	int rc;

	snprintf(prompt, sizeof(prompt), "%s%srecovery: number or word? ", v->board,
		 v->board[0] ? " " : "");
	for (;;) {
		rc = terminal_ask(prompt, typed, sizeof(typed));
		if (rc)
			return rc;
		if (!typed[0])
			return 0;
		if (choice_parse(typed, &choice)) {
			printf("There is no choice \"%s\".\n", typed);
			continue;
		}
		if (choice_refused(v, choice)) {
			printf("Not now: %s.\n", choice_refused(v, choice));
			continue;
		}
		/* For an image, the question onto which volume comes first. */
		if (choice == CHOICE_IMAGE || menu_sure(v, choice))
			return act(v, choice);
		return 0;
	}
}

int menu_run(void)
{
	static struct menu_board board;
	static struct view view;
	bool given = false, open;	/* the password was; or there is none to ask for */
	int rc = 0;

	sys_ignore_keys(true);
	while (rc == 0) {
		look(&board, &view);
		/* Asked for every screen: what could not be read at one must not open the next. */
		open = given || conf_lock(&board.conf, LOCK_MENU) == LOCK_OPEN;
		show(&view, open);
		if (open) {
			/* The verbs open the board for themselves. */
			rc = choose(&view);
		} else {
			rc = unlock(&board.conf);
			given = rc == 0;
		}
		menu_close(&board);
	}
	return rc;
}
