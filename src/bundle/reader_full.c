/* SPDX-License-Identifier: MIT */
/*
 * A full volume: its index, compared with what is there; then its frames: those that are needed are read,
 * checked and unpacked, the others passed over where the source can, and read and checked where not.
 * Holds I16: see take_frame.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/reader_parts.h"
#include "bundle/storeout.h"

static int to_full(void *ctx, const void *data, size_t len_bytes)
{
	return full_add(ctx, data, len_bytes);
}

int bundle_compare_next(struct bundle *bundle, const struct cow_source *there)
{
	struct bundle_volume *volume = &bundle->manifest.volume[bundle->index_next];
	struct full **full = &bundle->full[bundle->index_next];
	struct cow_sink sink = { .write = to_full };
	struct payload p = { .volume = volume->name, .sink = &sink, .is_index = true,
			     .packed_digest = volume->index_digest };
	int rc;

	if (bundle->is_broken || !bundle->indexes_due)
		return fail(EINVAL, "there is no index left in it");
	bundle->indexes_due--;
	bundle->index_next++;
	p.packed_bytes = p.unpacked_bytes = full_index_bytes(volume);
	rc = full_open(volume, there, full);
	sink.ctx = *full;
	if (!rc)
		rc = reader_next(bundle, &p);
	if (!rc)
		rc = full_end(*full);
	bundle->is_broken = rc != 0;
	if (rc)
		return rc;
	volume->exceptions = full_exceptions(*full);
	volume->store_bytes = cow_store_bytes(volume->chunk_sectors, volume->exceptions);
	return 0;
}

struct taking {
	struct bundle *b;
	const struct full *full;
	const struct cow_sink *sink;
	struct storeout *store;		/* NULL: it is the whole image that is wanted */
	uint64_t frame;
	uint64_t over_bytes;		/* to be passed over before the next frame that is read */
	uint8_t *packed, *image;
};

static int to_store(void *ctx, const uint8_t *data, size_t len_bytes)
{
	return storeout_add(ctx, data, len_bytes);
}

static int pass_over(struct taking *t)
{
	struct bundle *b = t->b;
	uint64_t end_bytes = b->done_bytes + t->over_bytes;
	int rc = t->over_bytes ? b->seek.skip(b->ctx, t->over_bytes) : 0;

	if (rc == -EOVERFLOW)
		return fail(EBADMSG, "truncated before byte %" PRIu64 " of %" PRIu64, end_bytes,
			    b->total_bytes);
	if (rc)
		return rc;
	b->done_bytes = end_bytes;
	t->over_bytes = 0;
	return 0;
}

/* A frame on its way into image. */
struct unpacking {
	uint8_t *to;
	size_t left_bytes;
};

static int take_image(void *ctx, const void *data, size_t len_bytes)
{
	struct unpacking *u = ctx;

	if (len_bytes > u->left_bytes)
		return fail(EBADMSG, "it unpacks to too much");
	memcpy(u->to, data, len_bytes);
	u->to += len_bytes;
	u->left_bytes -= len_bytes;
	return 0;
}

static int unpack(struct taking *t, const struct bundle_volume *volume)
{
	const size_t image_bytes = full_frame_bytes(volume, t->frame);
	struct unpacking u = { t->image, image_bytes };
	const struct cow_sink sink = { take_image, &u };
	size_t left = full_packed_bytes(t->full, t->frame);
	const uint8_t *at = t->packed;
	struct unzip_end end = { 0 };
	int rc = unpack_begin(t->b->unpack);

	while (!rc && left && !end.is_ended) {
		size_t len = left < PIECE_BYTES ? left : PIECE_BYTES;

		rc = unpack_piece(t->b->unpack, at, len, &sink, &end);
		at += end.used_bytes;
		left -= end.used_bytes;
	}
	if (rc)
		return rc;
	if (left)
		return fail(EBADMSG, "bytes follow its end");
	if (u.left_bytes || !end.is_ended)
		return fail(EBADMSG, "it unpacks to too little");
	memset(t->image + image_bytes, 0, volume->frame_bytes - image_bytes);
	return 0;
}

/* Nothing looks into a frame before it was checked (I16). */
static int take_frame(struct taking *t, const struct bundle_volume *volume, bool wanted)
{
	int rc = reader_get(t->b, t->packed, full_packed_bytes(t->full, t->frame));

	if (rc)
		return rc;
	rc = full_check(t->full, t->frame, t->packed);
	if (!rc && wanted)
		rc = unpack(t, volume);
	if (rc)
		return fail_in(rc, "the payload of volume %s is damaged: frame %" PRIu64, volume->name,
			       t->frame);
	if (!wanted)
		return 0;
	if (!t->store)
		return t->sink->write(t->sink->ctx, t->image, full_frame_bytes(volume, t->frame));
	return full_each_chunk(t->full, t->frame, t->image, to_store, t->store);
}

static bool is_wanted(const struct taking *t, uint64_t frame)
{
	return !t->store || full_wants(t->full, frame);
}

/* Tells the source of all that will be read: frames that follow one another are one piece. */
static void tell_wants(const struct taking *t, uint64_t frames)
{
	uint64_t at_bytes = t->b->done_bytes, from_bytes = at_bytes;

	for (uint64_t frame = 0; frame < frames; frame++) {
		at_bytes += full_packed_bytes(t->full, frame);
		if (is_wanted(t, frame) && frame + 1 < frames)
			continue;
		if (!is_wanted(t, frame))
			at_bytes -= full_packed_bytes(t->full, frame);
		if (at_bytes > from_bytes)
			t->b->seek.want(t->b->ctx, from_bytes, at_bytes - from_bytes);
		if (!is_wanted(t, frame))
			at_bytes += full_packed_bytes(t->full, frame);
		from_bytes = at_bytes;
	}
}

static int take_frames(struct taking *t, const struct bundle_volume *volume)
{
	const uint64_t frames = full_frames(volume);
	int rc = 0;

	if (t->b->seek.want)
		tell_wants(t, frames);
	for (t->frame = 0; t->frame < frames && !rc; t->frame++) {
		const bool wanted = is_wanted(t, t->frame);

		if (!wanted && t->b->seek.skip) {
			t->over_bytes += full_packed_bytes(t->full, t->frame);
			continue;
		}
		rc = pass_over(t);
		if (!rc)
			rc = take_frame(t, volume, wanted);
	}
	return rc ? rc : pass_over(t);
}

static int with_room(struct taking *t, const struct bundle_volume *volume)
{
	int rc;

	t->packed = malloc(full_packed_max(volume->frame_bytes));
	t->image = malloc(volume->frame_bytes);
	rc = t->packed && t->image ? reader_start(t->b) : fail_sys(ENOMEM, "cannot unpack it");
	if (!rc)
		rc = take_frames(t, volume);
	free(t->packed);
	free(t->image);
	return rc;
}

int full_read_image(struct bundle *b, unsigned v, const struct cow_sink *sink)
{
	struct taking t = { .b = b, .full = b->full[v], .sink = sink };

	return with_room(&t, &b->manifest.volume[v]);
}

int full_read_store(struct bundle *b, unsigned v, const struct cow_sink *sink)
{
	struct storeout *store = calloc(1, sizeof(*store));
	struct taking t = { .b = b, .full = b->full[v], .store = store };
	int rc;

	if (!store)
		return fail_sys(ENOMEM, "cannot unpack it");
	*store = (struct storeout){ .volume = &b->manifest.volume[v], .sink = sink,
				    .next_chunk = full_next_chunk, .ctx = b->full[v] };
	rc = storeout_begin(store);
	if (!rc)
		rc = with_room(&t, store->volume);
	if (!rc)
		rc = storeout_end(store);
	free(store);
	return rc;
}
