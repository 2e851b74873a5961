/* SPDX-License-Identifier: MIT */
/*
 * The folder that store files are in.  device-mapper is told where on the partition a file lies, so the
 * folder must be the partition's own: not a symbolic link to another, and nothing mounted over it (I13).
 */
#ifndef COWBOOT_STORAGE_STOREDIR_H
#define COWBOOT_STORAGE_STOREDIR_H

#include "storage/place.h"

#define STOREDIR_PATH_MAX 144

struct store_dir {
	char path[STOREDIR_PATH_MAX];	/* DATA/cowboot; DATA is where the file system is mounted */
	struct place_folder folder;	/* what it must be; zeros: not known */
};

/*
 * Opens the folder for reading, and what is done below the descriptor is done in it, whatever its name
 * leads to by then.  -ENOENT: there is none; -EXDEV: what is there is another one;
 * -ELOOP: it is a symbolic link.
 */
int storedir_open(const struct store_dir *dir, int *ret_fd);

/* What it is, for the record. */
int storedir_folder(const struct store_dir *dir, struct place_folder *ret_folder);

/* Makes it where there is none.  -EXDEV as above. */
int storedir_make(const struct store_dir *dir);

#endif
