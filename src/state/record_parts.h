/* SPDX-License-Identifier: MIT */
/*
 * Head, tail and sections of the record as bytes, for record_bytes.c, which makes one of them
 * (docs/formats.md).  Pure.
 */
#ifndef COWBOOT_STATE_RECORD_PARTS_H
#define COWBOOT_STATE_RECORD_PARTS_H

#include "state/record_bytes.h"

/* One volume, 256 bytes, as head and tail both have it: without the place of its origin. */
#define RECORD_VOLUME_BYTES 256u
void record_put_volume(uint8_t *buf, const struct record_volume *vol);
void record_get_volume(const uint8_t *buf, struct record_volume *vol);

/* An extent, 16 bytes. */
#define RECORD_EXTENT_BYTES 16u
void record_put_extents(uint8_t *buf, const struct extent *extent, uint32_t count);
void record_get_extents(const uint8_t *buf, struct extent *extent, uint32_t count);

/* The head as a program of version 1 reads it but for the format's number; returns its length. */
size_t record_head_put(uint8_t *buf, const struct record *rec, uint32_t format);

/*
 * Whether it is a head, undamaged and of a format that is known; its length then, and with -ENOTSUP.
 * The others are for such a head. record_head_get: -EBADMSG where a count is not in its bounds; no other
 * field is looked at.
 */
int record_head_check(const uint8_t *buf, size_t len_bytes, size_t *ret_own_bytes);
uint32_t record_head_format(const uint8_t *buf);
int record_head_get(const uint8_t *buf, struct record *rec);

/* A text of at most size_bytes, zeros behind it. */
void record_put_text(uint8_t *buf, const char *text, size_t size_bytes);

/*
 * The sections that this program knows, in the order of their kinds; those of later programs come
 * behind them.  A section is its kind and the length of what follows, le32 each, and its content.
 */
enum record_section_kind { SECTION_END, SECTION_PLACES, SECTION_EARLIER, SECTION_KNOWS,
			   SECTION_INSTALLED, SECTION_KEPT, SECTION_PROOF, SECTION_MORE,
			   SECTION_RELEASES,
			   SECTION_KINDS };

/* A result as the tail has it. */
#define RECORD_RESULT_BYTES 320u
void record_put_result(uint8_t *buf, const struct record_result *result);	/* over zeros */

/* The sections of earlier results, and of what more is known of all (record_results.c), as below. */
size_t record_earlier_size(const struct record *rec);
void record_earlier_put(const struct record *rec, uint8_t *buf);
int record_earlier_get(const uint8_t *buf, size_t len_bytes, struct record *rec);
#define RECORD_MORE_BYTES 32u
size_t record_more_size(const struct record *rec);
void record_more_put(const struct record *rec, uint8_t *buf);
int record_more_get(const uint8_t *buf, size_t len_bytes, struct record *rec);

/* The section of releases (record_releases.c). */
#define RECORD_RELEASES_BYTES 64u
size_t record_releases_size(const struct record *rec);
void record_releases_put(const struct record *rec, uint8_t *buf);
int record_releases_get(const uint8_t *buf, size_t len_bytes, struct record *rec);

/*
 * For record_end, when the last result says how the update has ended that rec still has: notes what more
 * is known, and forgets what is about no result any more.
 */
void record_more_add(struct record *rec);

#define RECORD_TAIL_HEAD_BYTES 64u
#define RECORD_SECTION_HEAD_BYTES 8u

extern const struct record_section {
	size_t (*size)(const struct record *rec);	/* of the content; 0: there is none */
	void (*put)(const struct record *rec, uint8_t *buf);	/* over zeros */
	int (*get)(const uint8_t *buf, size_t len_bytes, struct record *rec);	/* or -EBADMSG */
} record_sections[SECTION_KINDS];

/*
 * The tail of rec, which is record_ok, behind a head with that CRC; returns its length.  buf has room
 * for RECORD_TAIL_BYTES_MAX.
 */
#define RECORD_TAIL_BYTES_MAX (64u * 1024)
size_t record_tail_put(const struct record *rec, uint32_t head_crc, uint8_t *buf);

/* The length of the tail that begins there and belongs to the head with that CRC; 0: there is none. */
size_t record_tail_find(const uint8_t *buf, size_t len_bytes, uint32_t head_crc);

/* Whether a tail that was found has no incompatible feature but those that are known. */
bool record_tail_known(const uint8_t *buf);

/* Reads it into rec, which has what the head says.  -EBADMSG: a section, or a bit, cannot be so. */
int record_tail_get(const uint8_t *buf, struct record *rec);

#endif
