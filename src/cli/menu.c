/* SPDX-License-Identifier: MIT */
/*
 * The menu of recovery.  Only talks: what is done is done by verbs and by src/recovery, under the
 * lock that every command takes, so two consoles are no danger.  Must never give anything to do
 * before the password of a locked board is given.
 */
#include "cli/menu.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "recovery/lock.h"
#include "storage/storefile.h"
#include "update/recovery.h"

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

/* Whether the words of a locked board stand in a configuration that cannot be used. */
static bool text_locked(void)
{
	static char text[65536];

	return !sys_read_file(CLI_CONFIG_DEFAULT, text, sizeof(text), NULL) && conf_text_locked(text);
}

static bool store_left(const struct world *w)
{
	char path[CONF_PATH_MAX + 64];
	dev_t dev;

	for (unsigned i = 0; w->data_dir && i < w->conf->volume_count; i++) {
		snprintf(path, sizeof(path), "%s/cowboot/%s.store", w->data_dir,
			 w->conf->volume[i].name);
		if (!sys_fs_dev(path, &dev))
			return true;
	}
	return false;
}

/* The board stays open for reading, so that what the view points at stays. */
static void look(struct board *b, struct view *v)
{
	struct facts facts;

	/* What is missing is on the screen in better words. */
	log_setup("cowboot", NULL, LOG_ERROR);
	*v = (struct view){ .board = "", .reason = reason, .detail = detail };
	read_reason();
	v->configured = board_open(b, "look", BOARD_LOOK) == 0;
	v->shell = v->configured ? !b->conf.no_shell : !text_locked();
	if (v->configured) {
		v->board = b->conf.board;
		v->meta = b->world.meta.fd >= 0;
		v->copies = b->world.copies;
		v->record = &b->world.record;
		v->data = b->world.data_dir != NULL;
		v->stores_left = store_left(&b->world);
		v->checker = menu_checker() != NULL;
		world_facts(&b->world, false, &facts);
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

/* Returns when the password was given; -EPIPE when nobody is there to give it. */
static int unlock(const char *hash)
{
	char password[256];
	bool opens;
	int rc;

	for (;;) {
		rc = terminal_secret("Password: ", password, sizeof(password));
		if (rc)
			return rc;
		opens = lock_opens(hash, password);
		memset(password, 0, sizeof(password));
		if (opens)
			return 0;
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
		menu_revert(v);
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
	default:
		return 0;
	}
	terminal_pause();
	return 0;
}

/* Asks until something can be done; an answer for init, 0, or -EPIPE. */
static int choose(const struct view *v)
{
	enum choice choice;
	char typed[64];
	int rc;

	for (;;) {
		rc = terminal_ask("recovery: number or word? ", typed, sizeof(typed));
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
		/* Onto which volume comes first. */
		if (choice == CHOICE_IMAGE || menu_sure(v, choice))
			return act(v, choice);
		return 0;
	}
}

int menu_run(void)
{
	static struct board board;
	static struct view view;
	bool open = false;
	int rc = 0;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	while (rc == 0) {
		look(&board, &view);
		open |= !view.configured || !board.conf.recovery_password[0];
		show(&view, open);
		if (open) {
			/* The verbs open the board for themselves. */
			rc = choose(&view);
		} else {
			rc = unlock(board.conf.recovery_password);
			open = rc == 0;
		}
		board_close(&board);
	}
	return rc < 0 ? EXIT_FAILED : rc;
}
