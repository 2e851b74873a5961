/* SPDX-License-Identifier: MIT */
/* A piece of a disk or of a partition, in sectors of 512 bytes. */
#ifndef COWBOOT_BASE_EXTENT_H
#define COWBOOT_BASE_EXTENT_H

#include <stdint.h>

struct extent {
	uint64_t start_sectors;		/* from the start of whatever it is a piece of */
	uint64_t size_sectors;
};

#endif
