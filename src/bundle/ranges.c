/* SPDX-License-Identifier: MIT */
/* Ranges that are wanted, joined where that is cheaper than another request. */
#include "bundle/ranges.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"

int ranges_add(struct ranges *ranges, uint64_t at_bytes, uint64_t len_bytes)
{
	struct range *last = ranges->passed < ranges->count ? &ranges->range[ranges->count - 1] : NULL;

	if (last && at_bytes - last->end_bytes <= RANGES_GAP_BYTES) {
		last->end_bytes = at_bytes + len_bytes;
		return 0;
	}
	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 64;
		struct range *more = realloc(ranges->range, room * sizeof(*more));

		if (!more)
			return fail_sys(ENOMEM, "cannot note what is needed of it");
		ranges->range = more;
		ranges->room = room;
	}
	ranges->range[ranges->count++] = (struct range){ at_bytes, at_bytes + len_bytes };
	return 0;
}

size_t ranges_from(struct ranges *ranges, uint64_t at_bytes, struct range *ret_ranges, size_t max)
{
	size_t count = 0;

	while (ranges->passed < ranges->count && ranges->range[ranges->passed].end_bytes <= at_bytes)
		ranges->passed++;
	if (ranges->passed == ranges->count || ranges->range[ranges->passed].at_bytes > at_bytes)
		return 0;
	while (count < max && ranges->passed + count < ranges->count) {
		ret_ranges[count] = ranges->range[ranges->passed + count];
		count++;
	}
	ret_ranges[0].at_bytes = at_bytes;
	return count;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->range);
	*ranges = (struct ranges){ 0 };
}
