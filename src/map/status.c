/* SPDX-License-Identifier: MIT */
/*
 * The status line of snapshot and snapshot-merge, as numbers.  Pure.  Must never take a line it does
 * not know for a healthy one: I7 depends on the words `Merge failed` and `Invalid`.
 */
#include "map/status.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *word;
	enum snap_state state;
} words[] = {
	{ "Invalid", SNAP_INVALID },
	{ "Merge failed", SNAP_MERGE_FAILED },
	{ "Overflow", SNAP_OVERFLOW },
	{ "Unknown", SNAP_UNKNOWN },
};

/* Reads decimal digits up to the byte `end` and steps over that byte (not over the final zero). */
static bool take_number(const char **cursor, char end, uint64_t *ret_value)
{
	const char *p = *cursor;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (*p != end)
		return false;
	*cursor = end ? p + 1 : p;
	*ret_value = value;
	return true;
}

int status_parse(const char *params, struct snap_status *ret_status)
{
	struct snap_status status = { .state = SNAP_OK };
	const char *p = params;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(params, words[i].word)) {
			status.state = words[i].state;
			*ret_status = status;
			return 0;
		}
	}
	if (!take_number(&p, '/', &status.allocated_sectors) ||
	    !take_number(&p, ' ', &status.total_sectors) ||
	    !take_number(&p, '\0', &status.metadata_sectors))
		return -EINVAL;
	if (status.allocated_sectors < status.metadata_sectors)
		return -EINVAL;
	*ret_status = status;
	return 0;
}

/*
 * The kernel's commit_merge sets next_free to just behind the last area's entries, so the two numbers
 * are equal when no entry is left.
 */
bool status_merge_done(const struct snap_status *status)
{
	return status->state == SNAP_OK && status->allocated_sectors == status->metadata_sectors;
}

uint64_t status_exceptions(const struct snap_status *status, uint32_t chunk_sectors)
{
	if (status->state != SNAP_OK || !chunk_sectors)
		return 0;
	return (status->allocated_sectors - status->metadata_sectors) / chunk_sectors;
}
