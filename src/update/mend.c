/* SPDX-License-Identifier: MIT */
/*
 * Mending the volumes of a merge.  Holds I15.  Must never write to an origin before the record says that
 * the merge began (I6), at another place than the record keeps (I13), nor anything but what a kept list
 * that was checked in this boot says was merged (I5).
 */
#include "update/mend.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cow/mend.h"
#include "update/places.h"
#include "update/store.h"
#include "update/transition.h"

static uint8_t buf[192 * 1024];	/* no heap: PID 1 runs this */

/* An origin: read past every cache, and opened for writing only when something has to be written. */
struct origin {
	const char *path;
	struct dev reader, writer;
	bool lost;			/* a chunk had to be written, and could not be made durable */
};

static int read_origin(void *ctx, uint64_t offset_bytes, void *data, size_t len_bytes)
{
	struct origin *origin = ctx;

	alive();
	return dev_read(&origin->reader, offset_bytes, data, len_bytes);
}

static int write_origin(void *ctx, uint64_t offset_bytes, const void *data, size_t len_bytes)
{
	struct origin *origin = ctx;
	int rc = 0;

	alive();
	if (origin->writer.fd < 0)
		rc = dev_open(origin->path, DEV_WRITE, &origin->writer);
	if (!rc)
		rc = dev_write(&origin->writer, offset_bytes, data, len_bytes);
	origin->lost = origin->lost || rc;
	return rc;
}

/* A descriptor for reading flushes the disk's cache all the same. */
static int flush_origin(void *ctx)
{
	struct origin *origin = ctx;
	bool is_written = origin->writer.fd >= 0;
	int rc = dev_flush(is_written ? &origin->writer : &origin->reader);

	if (!rc && is_written)
		rc = dev_drop_cache(&origin->writer);
	origin->lost = origin->lost || (rc && is_written);
	return rc;
}

/* How many exceptions the kernel has still to merge. In proving there are none, whatever it reads. */
static uint64_t left(const struct world *w, unsigned v)
{
	return w->record.phase == PHASE_MERGING ? w->store_left[v] : 0;
}

static uint64_t written;	/* in all, by this program */

/* For whoever saves the record next: a boot saves nothing for it. */
static void note(uint64_t more)
{
	char text[24];
	int len;

	written += more;
	if (!more)
		return;
	len = snprintf(text, sizeof(text), "%" PRIu64 "\n", written);
	if (sys_write_file(UPDATE_MENDED, text, (size_t)len))
		log_warn("cannot write " UPDATE_MENDED);
}

static void tell(const char *name, const struct cow_mended *mended)
{
	if (mended->written)
		log_warn("%s: the disk has lost %" PRIu64 " of %" PRIu64 " merged chunks, which are "
			 "written again", name, mended->written, mended->compared);
	else if (mended->compared)
		log_info("%s: %" PRIu64 " merged chunks are as they should be", name,
			 mended->compared);
	if (mended->spoiled)
		log_warn("%s: %" PRIu64 " merged chunks cannot be compared: the store does not have them "
			 "any more", name, mended->spoiled);
}

/* One volume, whose store is open. */
static int mend_opened(const struct world *w, unsigned v, const struct store_open *open,
		       struct origin *origin)
{
	const struct record_volume *vol = &w->record.volume[v];
	const struct cow_scratch scratch = { .buf = buf, .buf_bytes = sizeof(buf) };
	const struct cow_mend mend = {
		.store = &open->store, .kept = &open->kept, .exceptions = vol->exceptions,
		.left = left(w, v), .chunk_sectors = vol->chunk_sectors,
	};
	struct cow_target target = { read_origin, write_origin, flush_origin, origin, 0 };
	struct cow_mended mended;
	int rc = store_check_kept(w, v, open);

	if (!rc)
		rc = dev_open(origin->path, DEV_MEDIUM, &origin->reader);
	if (rc)
		return rc;
	/* The volume, and not more of a partition that has grown: the kernel merges no further either. */
	target.size_bytes = vol->volume_sectors * SECTOR_BYTES;
	if (target.size_bytes > origin->reader.size_bytes)
		return fail(ESTALE, "the partition is shorter than it was");
	rc = cow_mend(&mend, &target, &scratch, &mended);
	if (!rc) {
		tell(vol->name, &mended);
		note(mended.written);
	}
	return rc;
}

static int mend_volume(const struct world *w, unsigned v, bool *ret_lost)
{
	struct origin origin = { .reader = DEV_CLOSED, .writer = DEV_CLOSED };
	struct store_open open = { .dev = DEV_CLOSED };
	const struct part *part;
	int rc = places_origin(w, v, &part);

	if (!rc)
		rc = store_compare(w, v);
	if (!rc)
		rc = store_open(w, v, &open);
	if (!rc) {
		origin.path = part->path;
		rc = mend_opened(w, v, &open, &origin);
	}
	dev_close(&origin.reader);
	dev_close(&origin.writer);
	store_close(&open);
	*ret_lost = origin.lost;
	return rc;
}

int mend_volumes(const struct world *w)
{
	for (unsigned v = 0; v < w->record.volume_count; v++) {
		const char *name = w->record.volume[v].name;
		bool lost = false;
		int rc;

		if (!store_has_kept(&w->record.volume[v]))
			continue;
		rc = mend_volume(w, v, &lost);
		/* Recovery is too much for one request that failed. */
		if (rc)
			rc = mend_volume(w, v, &lost);
		if (rc && lost)
			return fail_in(rc, "cannot write again what the disk has lost of %s", name);
		if (rc)
			log_warn("%s: what was merged cannot be compared: %s", name, fail_text());
	}
	return 0;
}
