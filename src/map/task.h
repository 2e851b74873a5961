/* SPDX-License-Identifier: MIT */
/*
 * The single steps of device-mapper, for map/dm.c and map/swap.c only.  Each returns 0 or a
 * negative errno with its line in base/fail.h; none looks at what state the device is in.
 */
#ifndef COWBOOT_MAP_TASK_H
#define COWBOOT_MAP_TASK_H

#include <stdbool.h>

#include "map/dm.h"

/* One device as one look at it tells: its first line's status or table, and the device itself. */
struct task_look {
	char target[24];		/* the kernel's word; empty: no live table */
	char params[256];
	uint64_t size_sectors;
	struct map_disk disk;
	bool readonly;
	bool ours;			/* its uuid is the one that task_create gives */
	bool suspended;			/* whoever reads or writes it waits */
	unsigned open_count;
};

/* The kernel's word for a target; not for DM_OTHER. */
const char *task_target_word(enum dm_target target);

/* An empty device NAME with uuid "COWBOOT-NAME"; its node comes with task_resume. */
int task_create(const char *name);

/* Loads the inactive table: one line of the target, or pieces of disk one after another. */
int task_load(const char *name, bool readonly, enum dm_target target, uint64_t size_sectors,
	      const char *params);
int task_load_pieces(const char *name, bool readonly, struct map_disk disk,
		     const struct extent *pieces, unsigned count);

/* Whether the live table is just these pieces. -ESTALE: it is another one. */
int task_compare_pieces(const char *name, struct map_disk disk, const struct extent *pieces,
			unsigned count);

/* Brings the loaded table to life: one ioctl that suspends a live device, swaps, and resumes. */
int task_resume(const char *name);

/* Drops an inactive table that was loaded and not resumed. */
int task_clear(const char *name);

/* -ENXIO: no such device. Waits at most five seconds for udev's probing to let go of it. */
int task_remove(const char *name);

enum task_what {
	TASK_STATUS,
	TASK_TABLE,
	TASK_LOADED,	/* the status of the table that was loaded and not resumed */
};

/* -ENXIO: no such device. */
int task_look(const char *name, enum task_what what, struct task_look *ret_look);

#endif
