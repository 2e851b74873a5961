/* SPDX-License-Identifier: MIT */
/* Opening the board for a verb: with the configuration that stands before it. */
#include "cli/board.h"

#include "cli/cli.h"

int board_open(struct board *b, const char *verb, enum world_access access)
{
	return world_open(&b->world, &b->conf, cli_config_path(), verb, access) ? cli_failed() : 0;
}

void board_close(struct board *b)
{
	world_close(&b->world);
}
