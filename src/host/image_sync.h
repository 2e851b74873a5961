/* SPDX-License-Identifier: MIT */
/* Making the file system in an image the same as a folder, file by file. */
#ifndef COWBOOT_HOST_IMAGE_SYNC_H
#define COWBOOT_HOST_IMAGE_SYNC_H

#include <stdbool.h>

struct image_sync {
	const char *image;	/* a file that nobody else uses */
	const char *name;	/* what messages call it */
	const char *kind;	/* its file system, as mount(8) calls it */
	const char *tree;
	bool fuse;		/* by fuse2fs; else by a loop device, for root */
};

/* Whether the programs that it takes are installed: -ENOENT with what to install. */
int image_sync_check(const struct image_sync *sync);

/*
 * Mounts the image where nobody else sees it, or, by fuse2fs, in a folder of its own; makes what is on it
 * the same as tree, comparing by content, so that a file that did not change keeps its blocks; and
 * unmounts it.  Whatever happens, a signal too, nothing stays mounted and no folder is left.  On failure
 * the image is anything.  What the programs say goes to standard error.  *ret_signal is set when a signal
 * came that should end this program: it is -EINTR then.
 */
int image_sync_run(const struct image_sync *sync, int *ret_signal);

#endif
