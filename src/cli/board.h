/* SPDX-License-Identifier: MIT */
/*
 * What the verbs that work on a board share: root, the configuration in effect, one change at a
 * time, the record, and which table each volume runs on at this moment.
 */
#ifndef COWBOOT_CLI_BOARD_H
#define COWBOOT_CLI_BOARD_H

#include "map/dm.h"
#include "update/world.h"

#define BOARD_RUN_DIR "/run/cowboot"
#define BOARD_RUN_CONFIG BOARD_RUN_DIR "/cowboot.conf"	/* what init booted with */
#define BOARD_LOCK BOARD_RUN_DIR "/lock"
#define BOARD_FLAG_TRIAL BOARD_RUN_DIR "/trial"		/* systemd units look at these two */
#define BOARD_FLAG_MERGING BOARD_RUN_DIR "/merging"

/* About 140 KiB, for the record: keep it static. */
struct board {
	struct conf conf;
	struct world world;
	const char *verb;
	int lock_fd;		/* -1: not held */
};

enum board_access {
	BOARD_LOOK,		/* reads only, without the lock, whatever the record */
	BOARD_CHANGE,		/* holds the lock; the record is good or new */
	BOARD_FORCE,		/* holds the lock, whatever the record: it is to be made anew */
};

/*
 * Opens the board for verb. 0, or an exit code with its line printed; board_close either way.
 */
int board_open(struct board *b, const char *verb, enum board_access access);
void board_close(struct board *b);

/*
 * Lets other commands at the board during a long wait, and takes the lock again with the record as
 * it is by then. board_relock: 0 or an exit code with its line printed.
 */
void board_unlock(struct board *b);
int board_relock(struct board *b);

/* Whether this kernel may merge: "cannot merge: …" in base/fail.h when not. */
int board_kernel_check(void);

/* The version that is confirmed, by the last result; empty when it is not known. */
const char *board_version(const struct record *rec);

/* What a volume's device is over, judged against the record. */
enum live {
	LIVE_NONE,		/* no such device: not booted through cowboot */
	LIVE_ORIGIN,		/* linear over the partition */
	LIVE_TRIAL,		/* snapshot over the recorded origin and store */
	LIVE_MERGE,		/* snapshot-merge over them */
	LIVE_OTHER,		/* something else */
};

/* Pure. origin and store are the devices the record names, chunk_sectors its chunk. */
enum live live_judge(const struct dm_state *state, struct map_disk origin, struct map_disk store,
		     uint32_t chunk_sectors);

/* The same, of the record's volume v as it is now; ret_state is set unless LIVE_NONE. */
enum live board_live(const struct board *b, unsigned v, struct dm_state *ret_state);

/* How many volumes of the record's update are live so. */
unsigned board_count_live(const struct board *b, enum live live);

/* The origin partition of the record's volume v, which the configuration must have; else zeros. */
struct map_disk board_origin(const struct board *b, unsigned v);

#endif
