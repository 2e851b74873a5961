/* SPDX-License-Identifier: MIT */
/*
 * The menu of recovery as plain data: what a board that has no boot left shows, which choices there
 * are and why others are not, and what each of them will do and may lose. Pure: text only.
 */
#ifndef COWBOOT_RECOVERY_MODEL_H
#define COWBOOT_RECOVERY_MODEL_H

#include "base/text.h"
#include "decide/decide.h"
#include "state/copies.h"

/* In the order of the menu; the number that is typed is one more. */
enum choice {
	CHOICE_AGAIN,		/* boot from the beginning, without a reboot */
	CHOICE_REVERT,		/* refuse the pending update, or drop an install that was cut */
	CHOICE_MERGE,		/* finish the merge here */
	CHOICE_INSTALL,		/* a bundle from a stick */
	CHOICE_IMAGE,		/* a whole image onto a volume */
	CHOICE_CHECK,		/* file systems */
	CHOICE_LOGS,		/* show them */
	CHOICE_SAVE,		/* onto a stick */
	CHOICE_SHELL,
	CHOICE_REBOOT,
	CHOICE_POWEROFF,
	CHOICE_ANEW,		/* a new record over one that cannot be read */
	CHOICE_BACK,		/* to the system before, which is kept: a trial of it, or amid a merge for good */
	CHOICE_COUNT
};

/* What the menu knows. Texts are kept by reference, and never NULL. */
struct view {
	const char *board;
	const char *reason;	/* why no system was started */
	const char *detail;	/* what exactly failed, or empty */
	bool configured;	/* the configuration can be used; the next five count only then */
	bool meta;		/* the record's partition is there */
	struct copies copies;
	const struct record *record;
	struct plan plan;	/* of the next boot, were recovery not asked for */
	bool data;		/* is mounted */
	const char *unknown;	/* a volume that is not whole, and that this configuration has not; or NULL */
	bool volume_misplaced;	/* what has the name of one of the update's volumes is another partition */
	bool volume_replaced;	/* and only an image onto that leads out: places_replaced */
	bool stores_left;	/* a store lies on the board, whoever's it is */
	bool checker;		/* there is something that checks file systems */
	bool shell;		/* the board gives one */
	bool changes;		/* a system and a record may be written from here */
};

/* Whether a record could be read at all. */
bool view_known(const struct view *v);

/* Why it cannot be chosen now; NULL: it can. */
/* Whether that plan goes on with a confirmed merge: merges, proves, or ends it. */
bool plan_merges(const struct plan *plan);

const char *choice_refused(const struct view *v, enum choice choice);

/*
 * What may be lost by it, as a whole sentence; NULL: nothing, and nothing need be asked.  The word
 * that says yes to it is choice_word.
 */
const char *choice_loss(const struct view *v, enum choice choice);

const char *choice_word(enum choice choice);	/* "again", "revert", ... */

/* What it will do, in words that fit behind the number and the word on one line. */
const char *choice_does(const struct view *v, enum choice choice);

/* Takes a number or a word. -EINVAL: neither. */
int choice_parse(const char *typed, enum choice *ret_choice);

/* The upper part of the screen: what failed, what the record holds, what the next boot would do. */
void view_text(const struct view *v, struct text_out *out);

/* The menu below it: a line for each choice. */
void view_choices(const struct view *v, struct text_out *out);

#endif
