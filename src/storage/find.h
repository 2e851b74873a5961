/* SPDX-License-Identifier: MIT */
/*
 * Finding a partition by PARTLABEL=, PARTUUID= or /dev/PATH, never by file-system UUID or label:
 * origin and snapshot carry the same.  Waits for uevents until a deadline, and never longer.
 */
#ifndef COWBOOT_STORAGE_FIND_H
#define COWBOOT_STORAGE_FIND_H

#include <stdbool.h>
#include <stdint.h>

struct part {
	char name[32];			/* kernel name: "vda3" */
	char path[40];			/* "/dev/vda3" */
	unsigned major, minor;
	uint64_t start_sectors;		/* from the disk's start; 0 for a whole disk */
	uint64_t size_sectors;
	uint32_t logical_block_bytes;	/* of the disk */
	uint32_t io_min_bytes;		/* max(physical block, minimum_io_size) of the disk */
};

/*
 * Finds the partition spec names; ret_part is set on success only.  deadline_ms is in sys_now_ms()
 * time; a deadline in the past looks once.  -ENODEV: not there in time; -ENOTUNIQ: several answer;
 * -EINVAL: spec is none of the three forms (LABEL= and UUID= are refused by name).
 */
int find_part(const char *spec, uint64_t deadline_ms, struct part *ret_part);

/* Whether spec has one of the three forms. */
bool find_spec_ok(const char *spec);

#endif
