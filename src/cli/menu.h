/* SPDX-License-Identifier: MIT */
/*
 * The menu of recovery and its acts. Each act is a verb, run as the command runs it, or stands in
 * src/recovery; here is only the talking.
 */
#ifndef COWBOOT_CLI_MENU_H
#define COWBOOT_CLI_MENU_H

#include "cli/board.h"
#include "recovery/model.h"

/* The menu, until somebody chooses what only init can do: one of enum recovery_answer. */
int menu_run(void);

/* Asks for the typed word when the choice could lose something. */
bool menu_sure(const struct view *v, enum choice choice);

/* ---- menu_child.c ---- */

/*
 * Runs a verb in a process of its own, so that Ctrl-C ends that and not the menu, and says how it
 * ended. Its exit code.
 */
int menu_verb(int (*verb)(int argc, char **argv), char *const words[]);

/* Runs a program the same way; 127: it could not be started. */
int menu_program(const char *path, char *const argv[]);

/* ---- menu_acts.c ---- */

/*
 * Opens the board to change it and maps the volumes as the next boot would, if that is map. 0, or
 * negative with its line printed; board_close either way.
 */
int menu_map(struct board *b, const char *verb, enum plan_map map);

void menu_merge(void);
void menu_revert(const struct view *v);
void menu_check(void);
void menu_logs(void);
void menu_anew(void);

/* What checks file systems here: "/etc/cowboot/fsck" or e2fsck's path; NULL: nothing. */
const char *menu_checker(void);

/* ---- menu_stick.c ---- */
void menu_install(void);
void menu_image(const struct view *v);
void menu_save(const struct view *v);

#endif
