/* SPDX-License-Identifier: MIT */
/*
 * A whole image onto a volume, by hand, in recovery.  The record first: from the moment anything is
 * written until all of it is read back, it says that this volume is not whole, and every boot ends
 * in recovery (I12).
 */
#ifndef COWBOOT_RECOVERY_IMAGE_H
#define COWBOOT_RECOVERY_IMAGE_H

#include "bundle/trust.h"
#include "update/world.h"

/* Told how far it is, in bytes read and written together; negative: stop. */
typedef int image_progress(void *ctx, uint64_t done_bytes);

/* Whether an image of that length fits the partition: not empty, not longer. */
int image_fits(uint64_t image_bytes, const struct part *part);

/*
 * Whether image, the file path, is signed as trust wants it, by a file PATH.minisig beside it: 1, and
 * ret_hash is what was signed; 0: it is not, and need not be; -EKEYREJECTED.  Tells who has signed.
 */
int image_signed(const char *path, const struct dev *image, const struct trust *trust,
		 image_progress *progress, void *ctx, uint8_t ret_hash[MINISIGN_HASH_BYTES]);

/*
 * Puts image onto conf->volume[i] of w, which nothing may have open, and notes name as what is
 * there.  hash: what was signed, and what the volume has to hold in the end; NULL: nothing was.  Ends
 * whatever update is pending: see the order in image.c.  After a failure behind the first save the record
 * says that the volume is not whole. w->record is as on the disk.
 */
int image_put(struct world *w, unsigned i, const struct dev *image, const uint8_t *hash,
	      const char *name, image_progress *progress, void *ctx);

#endif
