/* SPDX-License-Identifier: MIT */
/*
 * The menu of recovery and its acts. What changes an update is a transition of update/, the same
 * that the command calls; what recovery alone does stands beside this; here is only the talking.
 */
#ifndef COWBOOT_RECOVERY_MENU_H
#define COWBOOT_RECOVERY_MENU_H

#include "recovery/files.h"
#include "recovery/model.h"
#include "update/open.h"

/*
 * The menu, until somebody chooses what only init can do: one of enum recovery_answer; -EPIPE: there
 * is nobody any more.
 */
int menu_run(void);

/* Asks for the typed word when the choice could lose something. */
bool menu_sure(const struct view *v, enum choice choice);

/* ---- menu_board.c ---- */

/* As large as a struct world and more: keep it static. */
struct menu_board {
	struct conf conf;
	struct world world;
};

/* Prints the line that is kept in base/fail.h. */
void menu_failed(void);

/* update/open.h, with its line printed; menu_close either way. */
int menu_open(struct menu_board *b, const char *verb, enum world_access access);
void menu_close(struct menu_board *b);

/*
 * menu_open to change it, and maps the volumes as the next boot would, if that is map. 0, or
 * negative with its line printed; menu_close either way.
 */
int menu_map(struct menu_board *b, const char *verb, enum plan_map map);

/*
 * Has work(ctx) done in a process of its own, so that Ctrl-C ends that and not the menu.  What it
 * returned, from 0 to 255; -1 with a line where it came to no end.
 */
int menu_apart(int (*work)(void *ctx), void *ctx);

/* Runs a program the same way; 127: it could not be started. */
int menu_program(const char *path, char *const argv[]);

/* ---- menu_acts.c ---- */

void menu_merge(void);
void menu_revert(void);
void menu_check(void);
void menu_logs(void);
void menu_anew(void);
void menu_back(void);

/* ---- menu_files.c ---- */

/* A number from 1 to count; 0: none of them. */
unsigned menu_number(const char *prompt, unsigned count);

/* Prints a size as disks are sold. */
void menu_size(uint64_t bytes);

/* Asks which stick, and mounts it on MEDIA_DIR. 0, or negative with its line printed. */
int menu_take_medium(bool write);

struct menu_file {
	char path[FILES_NAME_MAX + 32];
	char shown[FILES_NAME_MAX];	/* its name as a terminal may have it */
};

/* Asks for a file at the top of the mounted stick. 0, or negative with its line printed. */
int menu_take_file(const char *what, enum files_kind kind, struct menu_file *ret_file);

/* ---- menu_stick.c ---- */
void menu_install(void);
void menu_image(const struct view *v);
void menu_save(const struct view *v);

#endif
