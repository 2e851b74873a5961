/* SPDX-License-Identifier: MIT */
/* Names in a folder of a FAT file system, short and long, from the slots it consists of.  Pure. */
#ifndef COWBOOT_LOADER_FATNAME_H
#define COWBOOT_LOADER_FATNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/fat.h"

#define FATNAME_SLOT_BYTES 32u

/* A long name as it is gathered: its slots come before that of the file, the last one first. */
struct fatname {
	unsigned next;		/* the slot that has to come now, counted down; 0: the file's */
	bool is_long;		/* there is one, and whole so far */
	bool is_foreign;	/* beyond ASCII */
	uint8_t sum;		/* of the short name that it belongs to */
	char text[FAT_NAME_BYTES];
};

/*
 * Takes the next slot of a folder; name is all zeros before the first one.  true: it is that of a
 * file or a folder, which is ret_file now; else nothing in ret_file counts.  has_high: the numbers
 * of clusters have 32 bits.
 */
bool fatname_take(struct fatname *name, const uint8_t slot[FATNAME_SLOT_BYTES], bool has_high,
		  struct fat_file *ret_file);

#endif
