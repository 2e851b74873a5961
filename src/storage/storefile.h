/* SPDX-License-Identifier: MIT */
/*
 * The files on `data` that hold stores: DIR/NAME.store.  -EXDEV from any of these: the folder is not
 * the one it must be (storage/storedir.h), and nothing was done.  Their blocks are reserved with fallocate,
 * written through device-mapper only, and pinned by the immutable flag.  Nothing here reads or
 * writes their content.  Space is given back only by storefile_remove and storefile_sweep; the
 * caller makes sure that no record and no table refers to them any more (I9).
 */
#ifndef COWBOOT_STORAGE_STOREFILE_H
#define COWBOOT_STORAGE_STOREFILE_H

#include <stdbool.h>

#include "storage/extents.h"
#include "storage/storedir.h"

/*
 * Whether dir lies on a file system that stores may be put on: ext4, and not data=journal (the
 * journal would be replayed over what device-mapper wrote), and in its topmost folder, where the next
 * boot looks for it.  -ENOTSUP with the reason.
 */
int storefile_check_fs(const struct store_dir *dir);

/*
 * Creates DIR/NAME.store with at least size_sectors usable sectors after alignment, syncs it and
 * its directory (which must be there), sets it immutable, and returns the extents to map, exactly
 * size_sectors in all.  A file already there is removed first.  On failure no file is left, what
 * ret_extents holds is undefined, and ret_count is untouched.  -ENOSPC says how much is missing,
 * -E2BIG that the file lies in more than max pieces.
 */
int storefile_create(const struct store_dir *dir, const char *name, uint64_t size_sectors,
		     uint64_t part_start_sectors, uint32_t io_min_bytes,
		     struct extent *ret_extents, unsigned max, unsigned *ret_count);

/*
 * Whether all of these extents still are blocks of DIR/NAME.store, in its order. -ENOENT: no such
 * file; -ESTALE: it lies elsewhere now; -EINVAL: it cannot be mapped at all any more.  Where the
 * partition begins and the disk's io_min play no part: a new kernel may name another io_min.
 */
int storefile_compare(const struct store_dir *dir, const char *name, uint64_t part_start_sectors,
		      uint32_t io_min_bytes, const struct extent *extents, unsigned count);

#define STOREFILE_NAME_MAX 64
#define STOREFILE_TAG_BYTES 8		/* hexadecimal digits */

/*
 * NAME.store; -EINVAL: NAME is neither a volume's name nor VOLUME.TAG.  A store that may lie beside
 * another one of the same volume has a tag, from its update's identity.
 */
int storefile_name(const char *name, char file[STOREFILE_NAME_MAX]);

/* Whether a file of that name is a store: NAME.store. */
bool storefile_is(const char *name);

/* The same of a name in the open folder; a folder that is called so is no store. */
bool storefile_is_at(int dir_fd, const char *name);

/*
 * Whether any *.store lies in dir, whoever's it is; a folder that is not there holds none.  Other
 * failures leave ret_any untouched.
 */
int storefile_any(const struct store_dir *dir, bool *ret_any);

/* Which stores a sweep leaves alone. NULL instead: none. */
struct storefile_keep {
	bool untagged;				/* VOLUME.store */
	char tag[2][STOREFILE_TAG_BYTES + 1];	/* VOLUME.TAG.store; empty: no such tag */
};

/* Pure. Whether a file of that name is one of those. */
bool storefile_is_kept(const char *file, const struct storefile_keep *keep);

/*
 * Removes one store (-EISDIR: a folder is called so), or every file *.store in dir but those to keep; none
 * there is success.  Syncs the directory.
 */
int storefile_remove(const struct store_dir *dir, const char *name);
int storefile_sweep(const struct store_dir *dir, const struct storefile_keep *keep,
		    unsigned *ret_removed);

#endif
