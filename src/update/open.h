/* SPDX-License-Identifier: MIT */
/*
 * Opening the board from a system that runs, or from recovery: root, the configuration in effect, the
 * lock, the partitions, the record.  Each leaves its line in base/fail.h.
 */
#ifndef COWBOOT_UPDATE_OPEN_H
#define COWBOOT_UPDATE_OPEN_H

#include "update/world.h"

#define OPEN_CONFIG "/etc/cowboot.conf"
#define OPEN_RUN_DIR "/run/cowboot"
#define OPEN_RUN_CONFIG OPEN_RUN_DIR "/cowboot.conf"	/* what init booted with */
#define OPEN_RUN_KNOWS OPEN_RUN_DIR "/knows"		/* what that init knows of the record */
#define OPEN_LOCK OPEN_RUN_DIR "/lock"

/*
 * Opens the board for verb, which is kept by reference, as its lines name it ("cannot VERB: ...").
 * config: the file to take; NULL: what init booted with, or else OPEN_CONFIG.  ret_conf is filled
 * and belongs to w from then on; where it cannot be used it is as locked as it says, or as can be.
 * world_close either way.
 */
int world_open(struct world *w, struct conf *ret_conf, const char *config, const char *verb,
	       enum world_access access);

/*
 * Lets other commands at the board during a long wait, and takes the lock again with the record as
 * it is by then.
 */
void world_unlock(struct world *w);
int world_relock(struct world *w);

#endif
