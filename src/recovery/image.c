/* SPDX-License-Identifier: MIT */
/*
 * Putting a whole image onto a volume.  The order, each step durable before the next:
 *
 *	1. one save: whatever update is pending is ended, with its result and reason, and the volume
 *	   is noted as partial; while merging, every volume of the update is.
 *	2. the stores' space is given back; the record names none any more (I9).
 *	3. the image is written, flushed, read back from the medium and compared.
 *	4. one save: the volume is whole, and what it holds is the last result.
 *
 * A cut before 1 leaves the update as it was, and the origin untouched (I6: what is written to an
 * origin comes behind the end of its update).  A cut from 1 to 4 leaves `idle` with a partial
 * volume, which decide() answers with recovery and nothing else: no part of a mixture is ever
 * mapped (I3, I12).  Doing it again does the same again (I11).
 */
#include "recovery/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/settle.h"

#define PIECE_BYTES (256u * 1024)
#define FLUSH_EVERY_BYTES (8u << 20)

static struct record next; /* believed only once it is saved */
static uint8_t piece[PIECE_BYTES], again[PIECE_BYTES];

int image_fits(uint64_t image_bytes, const struct part *part)
{
	const uint64_t part_bytes = part->size_sectors * SECTOR_BYTES;

	if (image_bytes == 0 || image_bytes % SECTOR_BYTES)
		return fail(EINVAL, "it has %" PRIu64 " bytes, no whole number of sectors",
			    image_bytes);
	if (image_bytes > part_bytes)
		return fail(EFBIG, "it has %" PRIu64 " bytes, %s only %" PRIu64, image_bytes,
			    part->path, part_bytes);
	return 0;
}

static enum result how_it_ends(enum phase phase)
{
	switch (phase) {
	case PHASE_STAGING:
		return RESULT_CANCELLED;
	case PHASE_TRIAL:
		return RESULT_REVERTED;
	default:
		return RESULT_RESTORED;
	}
}

static int save(struct world *w)
{
	int rc = copies_save(&w->meta, &next, &w->copies, false);

	if (rc == 0)
		w->record = next;
	return rc;
}

/* Step 1. */
static int begin(struct world *w, const char *volume)
{
	const struct record *rec = &w->record;
	char reason[RECORD_REASON_MAX];
	int rc;

	next = *rec;
	snprintf(reason, sizeof(reason), "an image was put onto %s in recovery", volume);
	if (rec->phase != PHASE_IDLE)
		record_end(&next, how_it_ends(rec->phase), reason, sys_wall_s());
	for (unsigned v = 0; rec->phase == PHASE_MERGING && v < rec->volume_count; v++) {
		rc = record_set_partial(&next, rec->volume[v].name);
		if (rc < 0)
			return fail(-rc, "cannot note %s in the record", rec->volume[v].name);
	}
	rc = record_set_partial(&next, volume);
	if (rc < 0)
		return fail(-rc, "cannot note %s in the record", volume);
	/* ---- The line: from here on the board boots only when the volume is whole again. ---- */
	return save(w);
}

/* Step 4. */
static int end(struct world *w, const char *volume, const char *version_from, const char *name)
{
	struct record_result *last = &next.last;

	next = w->record;
	record_set_whole(&next, volume);
	next.recovery.idle_boots = 0;
	memset(last, 0, sizeof(*last));
	last->result = RESULT_RESTORED;
	last->when_s = sys_wall_s();
	snprintf(last->version_from, sizeof(last->version_from), "%s", version_from);
	snprintf(last->version_to, sizeof(last->version_to), "%.*s", RECORD_VERSION_MAX - 1, name);
	snprintf(last->reason, sizeof(last->reason), "put onto %s in recovery", volume);
	return save(w);
}

/* One pass over the image: written to the partition, or compared with it. */
static int pass(const struct dev *image, const struct dev *to, bool compare, uint64_t done_bytes,
		image_progress *progress, void *ctx)
{
	for (uint64_t at = 0; at < image->size_bytes;) {
		const uint64_t left = image->size_bytes - at;
		const size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		int rc = dev_read(image, at, piece, len);

		if (!rc)
			rc = compare ? dev_read(to, at, again, len) : dev_write(to, at, piece, len);
		if (!rc && compare && memcmp(piece, again, len) != 0)
			rc = fail(EIO, "%s does not read as it was written", to->name);
		/* So that progress is what the disk took, not the memory. */
		if (!rc && !compare && (at + len) % FLUSH_EVERY_BYTES == 0)
			rc = dev_flush(to);
		if (!rc)
			rc = progress(ctx, done_bytes + at + len);
		if (rc)
			return rc;
		at += len;
	}
	return 0;
}

static int write_whole(const struct dev *image, const struct part *part, image_progress *progress,
		       void *ctx)
{
	struct dev to = DEV_CLOSED;
	int rc = dev_open(part->path, DEV_WRITE, &to);

	if (!rc)
		rc = pass(image, &to, false, 0, progress, ctx);
	if (!rc)
		rc = dev_flush(&to);
	if (!rc)
		rc = dev_drop_cache(&to);
	if (!rc)
		rc = pass(image, &to, true, image->size_bytes, progress, ctx);
	dev_close(&to);
	return rc;
}

/* The version that was there before, by the record. */
static const char *what_was(const struct record *rec)
{
	if (rec->phase == PHASE_MERGING)
		return rec->version_to;
	if (rec->phase != PHASE_IDLE)
		return rec->version_from;
	return rec->last.result == RESULT_MERGED || rec->last.result == RESULT_RESTORED ?
	       rec->last.version_to : rec->last.version_from;
}

int image_put(struct world *w, unsigned i, const struct dev *image, const char *name,
	      image_progress *progress, void *ctx)
{
	const char *volume = w->conf->volume[i].name;
	const struct part *part = &w->volume_part[i];
	char version_from[RECORD_VERSION_MAX];
	int held, rc;

	if (!w->has_volume[i])
		return fail(ENODEV, "the partition of %s is not there", volume);
	rc = image_fits(image->size_bytes, part);
	if (rc)
		return rc;
	/* Nobody has it mounted or mapped, and nobody can as long as this is open. */
	held = open(part->path, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (held < 0)
		return fail_sys(errno, "cannot have %s for itself", part->path);
	snprintf(version_from, sizeof(version_from), "%s", what_was(&w->record));
	rc = begin(w, volume);
	if (!rc && settle_space(w) < 0)
		log_warn("%s; the next install gives the space back", fail_text());
	if (!rc)
		rc = write_whole(image, part, progress, ctx);
	if (!rc)
		rc = end(w, volume, version_from, name);
	close(held);
	return rc;
}
