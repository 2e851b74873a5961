/* SPDX-License-Identifier: MIT */
/* The board for a verb: update/open.h, with its line printed when it cannot be opened. */
#ifndef COWBOOT_CLI_BOARD_H
#define COWBOOT_CLI_BOARD_H

#include "update/open.h"

/* As large as a struct world and more: keep it static. */
struct board {
	struct conf conf;
	struct world world;
};

/* 0, or EXIT_FAILED with its line printed; board_close either way. */
int board_open(struct board *b, const char *verb, enum world_access access);
void board_close(struct board *b);

#endif
