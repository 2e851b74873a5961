/* SPDX-License-Identifier: MIT */
/*
 * device-mapper table lines as text.  Pure; never truncates: a line that does not fit is an error,
 * since half a number would map other sectors.
 */
#include "map/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* What snprintf returned, as an errno. */
static int fitted(int len, size_t size_bytes)
{
	if (len < 0)
		return -EINVAL;
	return (size_t)len < size_bytes ? 0 : -ENAMETOOLONG;
}

int table_linear(char *buf, size_t size_bytes, struct map_disk disk, uint64_t start_sectors)
{
	int len = snprintf(buf, size_bytes, "%u:%u %" PRIu64, disk.major, disk.minor,
			   start_sectors);

	return fitted(len, size_bytes);
}

int table_snapshot(char *buf, size_t size_bytes, struct map_disk origin, struct map_disk store,
		   uint32_t chunk_sectors)
{
	int len = snprintf(buf, size_bytes, "%u:%u %u:%u P %" PRIu32, origin.major, origin.minor,
			   store.major, store.minor, chunk_sectors);

	return fitted(len, size_bytes);
}
