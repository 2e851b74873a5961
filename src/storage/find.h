/* SPDX-License-Identifier: MIT */
/*
 * Finding a partition by PARTLABEL=, PARTUUID= or /dev/PATH, never by file-system UUID or label:
 * origin and snapshot carry the same.  Waits for uevents until a deadline, and never longer.
 */
#ifndef COWBOOT_STORAGE_FIND_H
#define COWBOOT_STORAGE_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/place.h"

#define FIND_WHY_MAX 320

struct part {
	char name[32];			/* kernel name: "vda3" */
	char path[40];			/* "/dev/vda3" */
	char disk[32];			/* kernel name of the disk it is on, "vda"; of a disk its own */
	unsigned major, minor;
	uint64_t start_sectors;		/* from the disk's start; 0 for a whole disk */
	uint64_t size_sectors;
	uint32_t logical_block_bytes;	/* of the disk */
	uint32_t io_min_bytes;		/* max(physical block, minimum_io_size) of the disk */
	uint8_t part_uuid[PLACE_UUID_BYTES];	/* both as in struct place */
	uint8_t disk_id[PLACE_UUID_BYTES];
	bool write_protected;		/* the kernel takes no writes: a card's switch, a worn eMMC */
};

/*
 * Finds the partition that spec names; ret_part is set on success only.  disk is the kernel's name of a
 * disk; NULL: any.  When spec is a label, the partition must be on that disk, because two disks may
 * have partitions of one name.  When it is a UUID, the one on that disk counts before others, because a
 * disk may have a copy.  deadline_ms is in sys_now_ms() time; a deadline in the past looks once.
 * -ENODEV: not there in time; -EXDEV: only on another disk; -ENOTUNIQ: several answer; -EINVAL: spec is
 * none of the three forms (LABEL= and UUID= are refused by name).
 */
int find_part(const char *spec, const char *disk, uint64_t deadline_ms, struct part *ret_part);

/*
 * Looks at both partition tables of the disk that part is on, and writes into why what a person should
 * know of them and how it is mended; empty where the first one is good.  Reads only.
 */
void find_check_table(const struct part *part, char why[FIND_WHY_MAX]);

/*
 * What is wrong with the tables of disks that have no partitions for that reason, as the last wait has
 * found it; empty: nothing.
 */
const char *find_lost_tables(void);

/* Whether spec has one of the three forms. */
bool find_spec_ok(const char *spec);

#endif
