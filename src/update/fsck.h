/* SPDX-License-Identifier: MIT */
/*
 * What checks a file system in the initramfs: the board's hook, or e2fsck where it has been put there.
 * Chooses the program and its words; whoever asks runs it.
 */
#ifndef COWBOOT_UPDATE_FSCK_H
#define COWBOOT_UPDATE_FSCK_H

#include <stdbool.h>

#include "conf/conf.h"
#include "map/dm.h"

#define FSCK_HOOK "/etc/cowboot/fsck"
#define FSCK_ARGS_MAX 5

/* Exit codes are those of fsck(8), as bits. */
#define FSCK_MENDED 1
#define FSCK_CODE_SOUND 3	/* nothing else is said: mended, and a reboot is only for what is mounted */

enum fsck_how {
	FSCK_LOOK,	/* all of it, and nothing is written */
	FSCK_MEND,	/* all of it; what can be mended without losing anything is */
	FSCK_BOOT,	/* as FSCK_MEND, and only where the file system says that it needs it */
	FSCK_FORCE,	/* all of it, and everything is mended, whatever is lost */
};

struct fsck_call {
	const char *path;
	char device[sizeof(DM_DIR) + sizeof(((struct conf_mount *)0)->name)];
	char *argv[FSCK_ARGS_MAX];	/* points into this struct; ends with NULL */
};

/* The path of what checks file systems here; NULL: nothing does. */
const char *fsck_program(void);

/*
 * Whether a mount that failed with that negative errno says that the file system is damaged, so that
 * FSCK_FORCE is right.  A disk that could not be read may be read the next time; what is wiped, or is
 * somebody else's, is not to be made a file system again.
 */
bool fsck_is_damage(int rc);

/*
 * Whether an ext2, ext3 or ext4 on that device says by its superblock that FSCK_BOOT would find
 * nothing to do: e2fsck writes to the superblock even then, and a quiet boot writes nothing (I11).
 * false where that cannot be said.
 */
bool fsck_is_clean(const char *device);

/*
 * How m's device is checked: "fsck DEVICE FSTYPE ro|rw|force" for the hook, e2fsck with its own
 * options for ext2, ext3 and ext4.  -ENOENT: there is nothing here that checks it.
 */
int fsck_prepare(const struct conf_mount *m, enum fsck_how how, struct fsck_call *ret_call);

#endif
