/* SPDX-License-Identifier: MIT */
/*
 * Which parts of an old image a delta may copy from: windows of 64 KiB that have something in common
 * with the new data.  So that what is sorted and searched is a part of what lies on the disk, and the
 * board reads in few places.
 */
#ifndef COWBOOT_HOST_DELTA_WINDOWS_H
#define COWBOOT_HOST_DELTA_WINDOWS_H

#include "cow/check.h"

#define DELTA_WINDOW_BYTES (64u * 1024)

/* The chosen windows' bytes, one after another, in the image's order. */
struct delta_windows {
	uint8_t *bytes;
	size_t len_bytes;
	uint64_t *at_bytes;		/* of each window in the image; all but its last are whole */
	size_t count;
};

/*
 * Chooses from the old image for these data, and reads what it chose.  At most three quarters of what is
 * not zero in it, and one window at least; those that have most in common first.  delta_windows_free either way.
 */
int delta_windows_choose(const struct cow_source *old, const uint8_t *data, size_t len_bytes,
			 struct delta_windows *ret_windows);
void delta_windows_free(struct delta_windows *windows);

#endif
