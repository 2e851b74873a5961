/* SPDX-License-Identifier: MIT */
/*
 * device-mapper through libdevmapper, without udev's cookies: nodes in /dev/mapper are made here,
 * so that init and the command see the same.  Every device's uuid is "COWBOOT-NAME": one of that name
 * without it is somebody else's, and is neither used nor removed (I13).  Failures leave a line in
 * base/fail.h that names the device and the kernel's reason.
 */
#ifndef COWBOOT_MAP_DM_H
#define COWBOOT_MAP_DM_H

#include <stdbool.h>

#include "base/extent.h"
#include "map/table.h"

#define DM_DIR "/dev/mapper/"
#define DM_PATH_MAX 64

/* Where NAME is found; returns buf. */
const char *dm_path(char buf[DM_PATH_MAX], const char *name);

enum dm_target { DM_LINEAR, DM_SNAPSHOT, DM_SNAPSHOT_MERGE, DM_OTHER };

struct dm_state {
	enum dm_target target;		/* of its one or first line */
	struct map_disk disk;		/* its own number: /dev/dm-MINOR */
	uint64_t size_sectors;
	bool readonly;
	bool ours;			/* by its uuid; nothing may be built on one that is not */
	unsigned open_count;
	char params[256];		/* the first line's status, as the kernel prints it */
	char table[256];		/* the first line's table */
};

/*
 * Sends libdevmapper's own messages to the log at debug level, its errors into base/fail.h. Call
 * once.
 */
void dm_setup(void);

/*
 * Creates, loads and resumes NAME as linear pieces of disk, one after another. -EEXIST: there is a
 * device of that name; else as the kernel says.
 */
int dm_linear(const char *name, bool readonly, struct map_disk disk, const struct extent *pieces,
	      unsigned count, struct map_disk *ret_disk);

/*
 * Whether NAME is just that already.  -ENXIO: there is no such device; -EEXIST: it is not ours; -ESTALE:
 * it lies over other blocks.
 */
int dm_is_linear(const char *name, struct map_disk disk, const struct extent *pieces,
		 unsigned count, struct map_disk *ret_disk);

/*
 * Creates, loads and resumes NAME as a snapshot or snapshot-merge of size_sectors.  Loading reads
 * the store, and a zero magic would make a new one: only for stores that cow_check has passed (I5),
 * and for a merge only when `merging` is durable (I2).  exceptions is how many that check has counted:
 * -ESTALE when the kernel finds fewer, before anything of it comes to life.
 */
int dm_snapshot(const char *name, bool readonly, bool merge, uint64_t size_sectors,
		struct map_disk origin, struct map_disk store, uint32_t chunk_sectors,
		uint64_t exceptions, struct map_disk *ret_disk);

/*
 * Swaps the table of the live device NAME with one resume, under whatever is mounted on it: a
 * snapshot to snapshot-merge over the same devices (I2: `merging` is durable), or a finished merge
 * to linear over its origin.  Refuses -EIO when the device's status is `Merge failed` or `Invalid`
 * (I7).
 */
int dm_swap_to_merge(const char *name, bool readonly, uint64_t size_sectors, struct map_disk origin,
		     struct map_disk store, uint32_t chunk_sectors);
int dm_swap_to_linear(const char *name, bool readonly, uint64_t size_sectors,
		      struct map_disk origin);

/* Removes NAME; one that is not there, or is not ours, is success. -EBUSY while it is open. */
int dm_remove(const char *name);

/* -ENXIO: there is no such device. */
int dm_state(const char *name, struct dm_state *ret_state);

#endif
