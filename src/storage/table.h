/* SPDX-License-Identifier: MIT */
/*
 * The partition table of a disk, read by us where the kernel does not say what we need.  Writes to no
 * disk, ever: a table is for a person to mend.  Each call is bounded, whatever the disk does.
 * sysfs_dir and dev_dir as in scan_part; disk is the kernel's name of it.
 */
#ifndef COWBOOT_STORAGE_TABLE_H
#define COWBOOT_STORAGE_TABLE_H

#include <stdbool.h>

#include "storage/gpt.h"

/* As gpt_entry. -ETIMEDOUT, -EBUSY: the disk does not answer. */
int table_entry(const char *sysfs_dir, const char *dev_dir, const char *disk, unsigned number,
		struct gpt_entry *ret_entry);

/* Which copies of the GPT can be used; 0, or a negative errno where that cannot be told. */
int table_look(const char *sysfs_dir, const char *dev_dir, const char *disk,
	       enum gpt_copies *ret_copies);

struct table_reread {
	bool asked;		/* the kernel was asked to read it again */
	int rc;			/* what it said: 0 or a negative errno */
	unsigned added;		/* partitions that it was told of, from a copy it does not look at */
	enum gpt_copies copies;	/* counts where the kernel found no partitions */
};

/*
 * Makes the kernel read the table of a disk again that has no partitions; where it still finds none,
 * because the first copy of a GPT or the sector before it is damaged, tells it the partitions of the copy
 * that is good.
 */
int table_reread(const char *sysfs_dir, const char *dev_dir, const char *disk,
		 struct table_reread *ret_done);

/* Whether the kernel knows partitions of the disk. */
bool table_is_known(const char *sysfs_dir, const char *disk);

#endif
