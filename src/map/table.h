/* SPDX-License-Identifier: MIT */
/*
 * device-mapper table lines as text. Pure. Grammar: Documentation/admin-guide/device-mapper/
 * {linear,snapshot}.rst; devices are given as MAJOR:MINOR, which every kernel takes without nodes.
 */
#ifndef COWBOOT_MAP_TABLE_H
#define COWBOOT_MAP_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_PARAMS_MAX 128

struct map_disk {
	unsigned major, minor;
};

/* "MAJ:MIN START" */
int table_linear(char *buf, size_t size_bytes, struct map_disk disk, uint64_t start_sectors);

/*
 * "ORIGIN STORE P CHUNK", for targets snapshot and snapshot-merge alike: only with the same devices
 * does the kernel hand the store over.
 */
int table_snapshot(char *buf, size_t size_bytes, struct map_disk origin, struct map_disk store,
		   uint32_t chunk_sectors);

#endif
