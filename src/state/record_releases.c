/* SPDX-License-Identifier: MIT */
/*
 * The releases that a board has seen.  Pure.  Must never let the floor fall.  A program that does not know
 * this section keeps it and may install another update meanwhile; so what is pending goes by the update's
 * id.  Byte table: docs/formats.md.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "state/record_parts.h"

enum {
	PENDING = 16, FLOOR = 24,
	NEWEST = 32, NEWEST_DAY = 40, NEWEST_WHEN = 48,
};

void record_release_note(struct record *rec, uint64_t release, uint32_t created_day, uint64_t when_s)
{
	struct record_releases *r = &rec->releases;

	memset(r->update_id, 0, sizeof(r->update_id));
	if (release)
		memcpy(r->update_id, rec->update_id, sizeof(r->update_id));
	r->pending = release;
	if (release <= r->newest)
		return;
	r->newest = release;
	r->newest_day = created_day;
	r->newest_s = when_s;
}

uint64_t record_release_pending(const struct record *rec)
{
	return memcmp(rec->releases.update_id, rec->update_id, sizeof(rec->update_id)) ? 0 :
	       rec->releases.pending;
}

void record_release_confirm(struct record *rec)
{
	const uint64_t release = record_release_pending(rec);

	if (release > rec->releases.floor)
		rec->releases.floor = release;
}

size_t record_releases_size(const struct record *rec)
{
	const struct record_releases *r = &rec->releases;

	return r->pending || r->floor || r->newest ? RECORD_RELEASES_BYTES : 0;
}

void record_releases_put(const struct record *rec, uint8_t *buf)
{
	const struct record_releases *r = &rec->releases;

	memcpy(buf, r->update_id, sizeof(r->update_id));
	put_le64(buf + PENDING, r->pending);
	put_le64(buf + FLOOR, r->floor);
	put_le64(buf + NEWEST, r->newest);
	put_le32(buf + NEWEST_DAY, r->newest_day);
	put_le64(buf + NEWEST_WHEN, r->newest_s);
}

int record_releases_get(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	struct record_releases *r = &rec->releases;

	if (len_bytes != RECORD_RELEASES_BYTES)
		return -EBADMSG;
	memcpy(r->update_id, buf, sizeof(r->update_id));
	r->pending = get_le64(buf + PENDING);
	r->floor = get_le64(buf + FLOOR);
	r->newest = get_le64(buf + NEWEST);
	r->newest_day = get_le32(buf + NEWEST_DAY);
	r->newest_s = get_le64(buf + NEWEST_WHEN);
	return 0;
}
