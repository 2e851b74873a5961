/* SPDX-License-Identifier: MIT */
/*
 * The index of a full volume, a record for each frame, compared as it comes; then its frames.  What is kept
 * of it is a digest for each frame and a bit for each chunk: 4.4 MB at the most.
 */
#include "bundle/full.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"

#define CHUNKS_IN_FRAME_MAX (FULL_FRAME_BYTES_MAX / SECTOR_BYTES)

struct frame {
	uint32_t packed_bytes;
	uint8_t digest[DIGEST_BYTES];	/* of it as it travels */
};

struct full {
	const struct bundle_volume *volume;
	const struct cow_source *there;
	uint64_t frames, chunks, chunk_bytes, exceptions;
	struct frame *frame;
	uint8_t *differs;		/* a bit for each chunk */
	uint8_t *image;			/* a frame of what is there; until full_end */
	uint64_t frame_next, packed_bytes, chunk_next;
	size_t record_have;
	uint8_t record[FULL_RECORD_HEAD_BYTES + CHUNKS_IN_FRAME_MAX * FULL_CHUNK_DIGEST_BYTES];
};

int full_open(const struct bundle_volume *volume, const struct cow_source *there, struct full **ret_full)
{
	struct full *f = calloc(1, sizeof(*f));

	if (!f)
		return fail_sys(ENOMEM, "cannot hold its index");
	f->volume = volume;
	f->there = there;
	f->frames = full_frames(volume);
	f->chunks = full_chunks(volume);
	f->chunk_bytes = (uint64_t)volume->chunk_sectors * SECTOR_BYTES;
	f->frame = calloc(f->frames, sizeof(*f->frame));
	f->differs = calloc(1, f->chunks / 8 + 1);
	f->image = malloc(volume->frame_bytes);
	if (!f->frame || !f->differs || !f->image) {
		full_close(f);
		return fail_sys(ENOMEM, "cannot hold its index");
	}
	*ret_full = f;
	return 0;
}

void full_close(struct full *full)
{
	if (!full)
		return;
	free(full->frame);
	free(full->differs);
	free(full->image);
	free(full);
}

static uint64_t first_chunk(const struct full *f, uint64_t frame)
{
	return frame * (f->volume->frame_bytes / f->chunk_bytes);
}

static uint64_t chunks_in(const struct full *f, uint64_t frame)
{
	return (full_frame_bytes(f->volume, frame) + f->chunk_bytes - 1) / f->chunk_bytes;
}

static bool differs(const struct full *f, uint64_t chunk)
{
	return f->differs[chunk / 8] >> chunk % 8 & 1;
}

/* The record's chunks against those that are there. */
static int compare(struct full *f, uint64_t frame)
{
	const uint8_t *expect = f->record + FULL_RECORD_HEAD_BYTES;
	const size_t image_bytes = full_frame_bytes(f->volume, frame);
	uint64_t chunk = first_chunk(f, frame);
	int rc = f->there ? f->there->read(f->there->ctx, frame * f->volume->frame_bytes, f->image,
					   image_bytes) : 0;

	if (rc)
		return rc;
	for (size_t at = 0; at < image_bytes; at += f->chunk_bytes, chunk++) {
		size_t left = image_bytes - at;
		uint8_t digest[FULL_CHUNK_DIGEST_BYTES];

		if (f->there)
			full_chunk_digest(f->image + at,
					  left < f->chunk_bytes ? left : f->chunk_bytes, digest);
		if (!f->there || memcmp(digest, expect, sizeof(digest))) {
			f->differs[chunk / 8] |= (uint8_t)(1u << chunk % 8);
			f->exceptions++;
		}
		expect += FULL_CHUNK_DIGEST_BYTES;
	}
	return 0;
}

static int take_record(struct full *f)
{
	const uint64_t frame = f->frame_next++;
	struct frame *to = &f->frame[frame];

	to->packed_bytes = get_le32(f->record);
	memcpy(to->digest, f->record + 4, DIGEST_BYTES);
	f->packed_bytes += to->packed_bytes;
	if (!to->packed_bytes || to->packed_bytes > full_packed_max(full_frame_bytes(f->volume, frame)) ||
	    f->packed_bytes > f->volume->payload_bytes)
		return fail(EBADMSG, "the index of volume %s contradicts itself: frame %" PRIu64
			    " of %" PRIu32 " bytes", f->volume->name, frame, to->packed_bytes);
	return compare(f, frame);
}

int full_add(struct full *full, const uint8_t *data, size_t len_bytes)
{
	struct full *f = full;

	while (len_bytes) {
		size_t whole, len;
		int rc;

		if (f->frame_next == f->frames)
			return fail(EBADMSG, "the index of volume %s is too long", f->volume->name);
		whole = FULL_RECORD_HEAD_BYTES + chunks_in(f, f->frame_next) * FULL_CHUNK_DIGEST_BYTES;
		len = whole - f->record_have;
		if (len > len_bytes)
			len = len_bytes;
		memcpy(f->record + f->record_have, data, len);
		f->record_have += len;
		data += len;
		len_bytes -= len;
		if (f->record_have < whole)
			continue;
		f->record_have = 0;
		rc = take_record(f);
		if (rc)
			return rc;
	}
	return 0;
}

int full_end(struct full *full)
{
	free(full->image);
	full->image = NULL;
	if (full->frame_next == full->frames && full->packed_bytes == full->volume->payload_bytes)
		return 0;
	return fail(EBADMSG, "the index of volume %s is not the one of its payload", full->volume->name);
}

uint64_t full_exceptions(const struct full *full)
{
	return full->exceptions;
}

uint64_t full_next_chunk(void *full)
{
	struct full *f = full;

	while (f->chunk_next < f->chunks && !differs(f, f->chunk_next))
		f->chunk_next++;
	return f->chunk_next++;
}

bool full_wants(const struct full *full, uint64_t frame)
{
	uint64_t chunk = first_chunk(full, frame), end = chunk + chunks_in(full, frame);

	while (chunk < end && !differs(full, chunk))
		chunk++;
	return chunk < end;
}

size_t full_packed_bytes(const struct full *full, uint64_t frame)
{
	return full->frame[frame].packed_bytes;
}

int full_check(const struct full *full, uint64_t frame, const uint8_t *packed)
{
	const struct frame *from = &full->frame[frame];
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, packed, from->packed_bytes);
	digest_end(&digest, sum);
	return memcmp(sum, from->digest, DIGEST_BYTES) ? fail(EBADMSG, "its digest differs") : 0;
}

int full_each_chunk(const struct full *full, uint64_t frame, const uint8_t *image,
		    int (*take)(void *ctx, const uint8_t *data, size_t len_bytes), void *ctx)
{
	const size_t image_bytes = full_frame_bytes(full->volume, frame);
	uint64_t chunk = first_chunk(full, frame);
	int rc = 0;

	for (size_t at = 0; !rc && at < image_bytes; at += full->chunk_bytes, chunk++)
		if (differs(full, chunk))
			rc = take(ctx, image + at, full->chunk_bytes);
	return rc;
}
