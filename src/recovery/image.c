/* SPDX-License-Identifier: MIT */
/*
 * Putting a whole image onto a volume.  The order, each step durable before the next:
 *
 *	1. update_partial: whatever update is pending is ended, and the volume is noted as not whole.
 *	2. the image is written, flushed, read back from the medium and compared.
 *	3. update_whole: the volume is whole, and what it holds is the last result.
 *
 * A cut before 1 leaves the update as it was, and the origin untouched (I6: an origin is written to
 * only after its update has ended).  A cut from 1 to 3 leaves `idle` with a partial volume, for which
 * decide() has no answer but recovery: no part of a mixture is ever mapped (I3, I12).  After that the
 * whole can be done again (I11).
 *
 * With the update the record forgets where its volumes are, and from then on their names say it.  So
 * as long as another partition is in the place of one of them, nothing is written (I13).  One thing is
 * excepted: a merge whose volume is on a disk that nobody can bring back.  There is no other way out of
 * it, and a person who was told what is lost may put an image onto what has the volume's name now.
 *
 * Holds I16: the image is read again after its signature was checked, and a stick need not tell the same
 * twice.  So it is what lies on the medium in the end that is compared with what was signed; until then the
 * volume is partial, and nobody boots it.
 */
#include "recovery/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "update/fill.h"
#include "update/places.h"
#include "update/transition.h"

static uint8_t piece[FILL_PIECE_BYTES], again[FILL_PIECE_BYTES];

int image_fits(uint64_t image_bytes, const struct part *part)
{
	const uint64_t part_bytes = part->size_sectors * SECTOR_BYTES;

	if (image_bytes == 0)
		return fail(EINVAL, "it is empty");
	if (image_bytes > part_bytes)
		return fail(EFBIG, "it has %" PRIu64 " bytes, %s only %" PRIu64, image_bytes,
			    part->path, part_bytes);
	return 0;
}

/* The image onto the partition, or compared with it. */
static int pass(const struct dev *image, const struct dev *to, struct minisign_hash *compare,
		uint64_t done_bytes, image_progress *progress, void *ctx)
{
	struct fill fill = { .dev = to };

	for (uint64_t at = 0; at < image->size_bytes;) {
		const uint64_t left = image->size_bytes - at;
		const size_t len = left < FILL_PIECE_BYTES ? (size_t)left : FILL_PIECE_BYTES;
		int rc = dev_read(image, at, piece, len);

		if (!rc)
			rc = compare ? dev_read(to, at, again, len) : fill_add(&fill, piece, len);
		if (!rc && compare && memcmp(piece, again, len) != 0)
			rc = fail(EIO, "%s does not read as it was written", to->name);
		if (!rc)
			rc = progress(ctx, done_bytes + at + len);
		if (rc)
			return rc;
		if (compare)
			minisign_hash_add(compare, again, len);
		at += len;
	}
	return 0;
}

/* What lies on the medium now: the image, and what was signed. */
static int read_back(const struct dev *image, const struct dev *back, const uint8_t *signed_hash,
		     image_progress *progress, void *ctx)
{
	uint8_t found[MINISIGN_HASH_BYTES];
	struct minisign_hash hash;
	int rc;

	minisign_hash_begin(&hash);
	rc = pass(image, back, &hash, image->size_bytes, progress, ctx);
	if (rc || !signed_hash)
		return rc;
	minisign_hash_end(&hash, found);
	return memcmp(found, signed_hash, sizeof(found)) ?
	       fail(EKEYREJECTED, "what was read from it now is not what is signed") : 0;
}

static int write_whole(const struct dev *image, const struct part *part, const uint8_t *hash,
		       image_progress *progress, void *ctx)
{
	struct dev to = DEV_CLOSED, back = DEV_CLOSED;
	int rc = dev_open(part->path, DEV_WRITE, &to);

	if (!rc)
		rc = pass(image, &to, NULL, 0, progress, ctx);
	if (!rc)
		rc = dev_flush(&to);
	if (!rc)
		rc = dev_open(part->path, DEV_MEDIUM, &back);
	if (!rc)
		rc = read_back(image, &back, hash, progress, ctx);
	dev_close(&back);
	dev_close(&to);
	return rc;
}

int image_put(struct world *w, unsigned i, const struct dev *image, const uint8_t *hash,
	      const char *name, image_progress *progress, void *ctx)
{
	const char *volume = w->conf->volume[i].name;
	const struct part *part = &w->volume_part[i];
	char version_from[RECORD_VERSION_MAX];
	struct dev held = DEV_CLOSED;
	int rc;

	if (!w->has_volume[i] && !w->volume_replaced[i])
		return fail(ENODEV, "the partition of %s is not there", volume);
	rc = image_fits(image->size_bytes, part);
	if (rc)
		return rc;
	/* Nobody has it mounted or mapped, and nobody can as long as this is open. */
	rc = dev_open(part->path, DEV_ALONE, &held);
	if (rc)
		return fail_in(rc, "cannot have %s for itself", part->path);
	snprintf(version_from, sizeof(version_from), "%s", update_replaces(&w->record));
	/* A person has been asked since it was found, and what is plugged in may have changed. */
	rc = places_still(part);
	if (!rc)
		rc = update_partial(w, volume);
	if (!rc)
		rc = write_whole(image, part, hash, progress, ctx);
	if (!rc)
		rc = update_whole(w, volume, version_from, name);
	dev_close(&held);
	return rc;
}
