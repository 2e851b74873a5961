/* SPDX-License-Identifier: MIT */
/* Which bytes of a file far away will be read, as ranges that are worth a request each.  Pure. */
#ifndef COWBOOT_BUNDLE_RANGES_H
#define COWBOOT_BUNDLE_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t at_bytes, end_bytes;
};

/* Begins zeroed. */
struct ranges {
	struct range *range;		/* in order; none touches the next */
	size_t count, room, passed;	/* the first passed ones end before the reader */
};

/*
 * A gap up to this long is read, too.  A request of its own costs about 0.2 s where an answer takes 50 ms:
 * the way there and back, and the server's time to find the place; or three ways and a program more where
 * the line is a new one.  In 0.2 s a line of 5 Mbit/s brings this much.
 */
#define RANGES_GAP_BYTES (128u * 1024)

/* Adds one that begins where the last one ends, or behind it. -ENOMEM, with its line. */
int ranges_add(struct ranges *ranges, uint64_t at_bytes, uint64_t len_bytes);

/*
 * What to ask for to read on at that place, which never moves back: up to max ranges, the first one begins
 * there.  How many; 0: nobody has said that this place will be read.
 */
size_t ranges_from(struct ranges *ranges, uint64_t at_bytes, struct range *ret_ranges, size_t max);

void ranges_free(struct ranges *ranges);

#endif
