/* SPDX-License-Identifier: MIT */
/* The images that a bundle is made of: NAME=OLD:NEW[:RESULT], or of a full one NAME=NEW, for each volume. */
#ifndef COWBOOT_HOST_BUNDLE_IMAGES_H
#define COWBOOT_HOST_BUNDLE_IMAGES_H

#include "bundle/manifest.h"
#include "host/file.h"

struct bundle_image {
	char name[BUNDLE_NAME_MAX];	/* of the volume */
	struct dev old_image, new_image;	/* of a full bundle there is no OLD */
	const char *result;		/* NULL: the board gets NEW; else where that goes that it gets */
	bool is_written;		/* the result is, and new_image is the result */
	uint64_t left_bytes;		/* of free blocks that were left out of it */
};

struct bundle_images {
	bool full;			/* NEW whole, and no OLD */
	bool other_kind;		/* OLD and NEW may be of different file systems */
	bool loader_files;		/* NEW may have files of a boot loader */
	unsigned count;			/* of those that are open */
	struct bundle_image volume[BUNDLE_VOLUMES_MAX];
};

/*
 * Opens what the words name and checks that a board could use it.  An exit code, with its line printed.
 * bundle_images_close either way.
 */
int bundle_images_open(struct bundle_images *images, int count, char **words);

/*
 * Writes the results that are asked for, and makes each the NEW of its volume.  0, or negative with its
 * line, also where no block of a NEW can be left out.
 */
int bundle_images_settle(struct bundle_images *images);

/* Says, below a volume's line, what was left out of it, or could be. */
void bundle_images_print(const struct bundle_image *image, const struct bundle_volume *volume);

/* Closes them; unless keep_results, removes the results that were written. */
void bundle_images_close(struct bundle_images *images, bool keep_results);

#endif
