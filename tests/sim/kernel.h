/* SPDX-License-Identifier: MIT */
/*
 * A model of the kernel's persistent exception store and of its merge, after
 * drivers/md/dm-snap-persistent.c and dm-snap.c (5.10 to 6.12 behave alike).  Shared by
 * kernel_dm.c, which has the devices, and kernel_snap.c, which has the stores.
 */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "sim.h"

#define SNAP_CHUNKS_MAX 512u
#define DM_PIECES_MAX 64u
#define DM_DEVICES_MAX 16
#define DM_NAME_MAX 48

struct snap {
	bool used, valid, merging, merge_failed;
	enum disk origin;
	int store_minor;
	unsigned chunk; /* sectors */
	unsigned per_area; /* exceptions */
	unsigned area, committed; /* where the list ends */
	unsigned next_free;
	unsigned new_of[SNAP_CHUNKS_MAX]; /* by old chunk; 0: none */
	uint8_t area_buf[4096];
};

enum dm_kind { DMK_NONE, DMK_LINEAR, DMK_SNAPSHOT, DMK_MERGE };

struct dm_table {
	enum dm_kind kind;
	bool readonly, handover;
	unsigned size; /* sectors */
	unsigned pieces;
	struct {
		int major, minor;
		unsigned from, size;
	} piece[DM_PIECES_MAX];
	int snap; /* index of its store */
	enum disk origin;
	int store_minor;
	unsigned chunk;
};

struct dm_device {
	bool used;
	char name[DM_NAME_MAX];
	unsigned open;
	struct dm_table live, next;
};

extern struct dm_device dm_devices[DM_DEVICES_MAX];
extern struct snap snaps[DM_DEVICES_MAX];
extern bool trial_seen; /* a snapshot was loaded in this life */

/* Where a linear device has that sector, in the row; -1: outside. */
int linear_sector(int minor, uint64_t sector);

/* The constructor's share: reads header and areas. 0 or a negative errno as the kernel gives. */
int snap_load(struct snap *s, enum disk origin, int store_minor, unsigned chunk);
/* One step. false: nothing is left, or it failed. */
bool snap_merge_step(struct snap *s);
void snap_status(const struct snap *s, char *buf, size_t size_bytes);
int snap_resolve(const struct snap *s, uint64_t sector);

#endif
