/* SPDX-License-Identifier: MIT */
/*
 * Telling new data by old ones: bsdiff's operations, a copy whose bytes may differ a little and then
 * bytes that are new (Percival, "Naive differences of executable code", 2003).
 */
#ifndef COWBOOT_HOST_DELTA_MATCH_H
#define COWBOOT_HOST_DELTA_MATCH_H

#include "host/delta_windows.h"

struct delta_op {
	uint64_t old_at_bytes;		/* in the old image; where copy_bytes is 0: anything */
	size_t copy_bytes, extra_bytes;
};

struct delta_ops {
	struct delta_op *op;
	size_t count, room;
};

/*
 * The operations that make data, all of it, in order; none crosses from one window into another.
 * -ENOMEM.  delta_ops_free either way.
 */
int delta_match(const struct delta_windows *windows, const uint8_t *data, size_t len_bytes,
		struct delta_ops *ret_ops);
void delta_ops_free(struct delta_ops *ops);

#endif
