/* SPDX-License-Identifier: MIT */
/*
 * The status line of snapshot and snapshot-merge (dm-snap.c, snapshot_status), as numbers. Pure.
 */
#ifndef COWBOOT_MAP_STATUS_H
#define COWBOOT_MAP_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum snap_state {
	SNAP_OK,		/* "ALLOCATED/TOTAL METADATA" */
	SNAP_INVALID,		/* "Invalid" */
	SNAP_MERGE_FAILED,	/* "Merge failed": never suspend, resume or reload it (I7) */
	SNAP_OVERFLOW,		/* "Overflow" */
	SNAP_UNKNOWN,		/* "Unknown" */
};

struct snap_status {
	enum snap_state state;
	uint64_t allocated_sectors, total_sectors, metadata_sectors;	/* of SNAP_OK */
};

/* -EINVAL when the line is none of these. */
int status_parse(const char *params, struct snap_status *ret_status);

/* Whether a merge is done: the store holds no exception (allocated == metadata). */
bool status_merge_done(const struct snap_status *status);

/*
 * Exceptions still in the store, by the kernel's own count: exact for a store whose data chunks
 * leave no hole, as ours do (allocated - metadata, both in whole chunks). 0 unless SNAP_OK.
 */
uint64_t status_exceptions(const struct snap_status *status, uint32_t chunk_sectors);

#endif
