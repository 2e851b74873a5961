/* SPDX-License-Identifier: MIT */
/* What runs at this moment: the table of each volume's device, judged against the record. */
#ifndef COWBOOT_UPDATE_LIVE_H
#define COWBOOT_UPDATE_LIVE_H

#include "map/dm.h"
#include "update/world.h"

/* What a volume's device is over, judged against the record. */
enum live {
	LIVE_NONE,		/* no such device: not booted through cowboot */
	LIVE_ORIGIN,		/* linear over the partition */
	LIVE_TRIAL,		/* snapshot over the recorded origin and store */
	LIVE_MERGE,		/* snapshot-merge over them */
	LIVE_OTHER,		/* something else */
	LIVE_UNKNOWN,		/* device-mapper does not answer: base/fail.h has the reason */
};

/* Pure. origin and store are the devices the record names, chunk_sectors its chunk. */
enum live live_judge(const struct dm_state *state, struct map_disk origin, struct map_disk store,
		     uint32_t chunk_sectors);

/* The same, of the record's volume v as it is now; ret_state is set unless LIVE_NONE. */
enum live world_live(const struct world *w, unsigned v, struct dm_state *ret_state);

/* -EIO with its line where device-mapper does not answer: nobody can tell what runs then. */
int world_live_known(const struct world *w);

/* How many volumes of the record's update are live so. */
unsigned world_count_live(const struct world *w, enum live live);

/* The origin partition of the record's volume v, which the configuration must have; else zeros. */
struct map_disk world_origin(const struct world *w, unsigned v);

#endif
