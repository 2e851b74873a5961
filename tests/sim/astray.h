/* SPDX-License-Identifier: MIT */
/*
 * Names that lead elsewhere: another disk in the place of the board's, or beside it, and a folder of
 * stores that is not the one there was.  In which way they do now stands in the ledger, which a person
 * changes (person.c).
 */
#ifndef SIM_ASTRAY_H
#define SIM_ASTRAY_H

#include "sim.h"
#include "storage/find.h"

enum astray {
	ASTRAY_NOT,
	ASTRAY_ROOT, /* root= names another disk's partition, of the same size */
	ASTRAY_VOLUME, /* the volume is on another disk */
	ASTRAY_VOLUME_COPY, /* the same, and its table is a copy of the right one but for the disk's id */
	ASTRAY_VOLUME_MOVED, /* the volume begins elsewhere on its disk */
	ASTRAY_STORES, /* what the stores lie on is another disk's */
	ASTRAY_TWINS, /* a copy of the disk beside it, without meta */
	ASTRAY_TWINS_META, /* and with it */
	ASTRAY_META, /* meta is another disk's, all zeros */
	ASTRAY_LINK, /* the folder of stores is a symbolic link */
	ASTRAY_MOUNT, /* something is mounted on it */
	ASTRAY_FOLDER, /* it is another folder of the same file system */
	ASTRAY_COUNT
};

extern const char *const astray_ways[ASTRAY_COUNT];

/* Whether such a board can only wait in recovery for somebody who mends it. */
bool astray_stops(enum astray way);

/* What lies on the other disk. */
void astray_prepare(struct disks *disks, enum astray way);

/* Whether the other disk has a partition with the name of d, and which; own is the board's. */
bool astray_other(enum disk d, const struct part *own, struct part *ret_other);
/* Whether the board's own is not there. */
bool astray_gone(enum disk d);
/* For the kernel command line: nothing, or " root=…". */
const char *astray_root(void);
/* What is found in the place of the folder; -ELOOP: a link, -EXDEV: a mount. */
int astray_folder(struct place_folder *folder);
bool astray_folder_is_empty(void);

/* fake_dev.c: the board's own partition. */
struct part fake_part(enum disk d);

#endif
