/* SPDX-License-Identifier: MIT */
/*
 * Distrusting what was installed: the base before, the result after, each read back and digested.
 * Only reads.  Serves I12: the digest is over the whole volume as the trial will show it, so a
 * store that passed gives exactly NEW.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/progress.h"
#include "base/stop.h"
#include "update/fill.h"
#include "update/install.h"
#include "base/progress.h"
#include "cow/write.h"
#include "map/dm.h"
#include "update/store.h"

_Static_assert(DIGEST_BYTES == RECORD_DIGEST_BYTES, "the record keeps the bundle's digest");

struct hashing {
	struct digest digest;
	struct progress progress;
};

/* A volume's partition, read while it is compared. */
struct comparing {
	struct hashing h;
	struct dev dev;
};

static int add_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct hashing *h = ctx;

	digest_add(&h->digest, data, len_bytes);
	progress_add(&h->progress, len_bytes);
	return stop_asked();
}

static void begin(struct hashing *h, const char *step, const char *object,
		  uint64_t total_bytes)
{
	digest_begin(&h->digest);
	progress_begin(&h->progress, step, object, total_bytes);
}

int verify_open_origin(const struct world *w, const char *name, struct dev *ret_dev)
{
	const int i = world_named(w, name);

	if (i >= 0 && w->has_volume[i])
		return dev_open(w->volume_part[i].path, DEV_MEDIUM, ret_dev);
	return fail(ENODEV, "the partition of %s is not there", name);
}

static int open_store(const char *volume, struct dev *ret_dev)
{
	char name[STORE_NAME_MAX], path[DM_PATH_MAX];

	store_name(name, volume, false);
	return dev_open(dm_path(path, name), DEV_MEDIUM, ret_dev);
}

/* What lies on the partition, as far as OLD reaches and as far as NEW does; read once. */
static int digest_volume(const struct world *w, const struct bundle_volume *volume,
			 uint8_t ret_as_old[DIGEST_BYTES], uint8_t ret_as_new[DIGEST_BYTES])
{
	static struct hashing h;
	bool grows = volume->image_bytes > volume->old_bytes;
	uint64_t first_bytes = grows ? volume->old_bytes : volume->image_bytes;
	uint64_t last_bytes = grows ? volume->image_bytes : volume->old_bytes;
	struct dev dev = DEV_CLOSED;
	struct digest shorter;
	int rc = verify_open_origin(w, volume->name, &dev);

	if (rc)
		return rc;
	begin(&h, "reading", volume->name, last_bytes);
	rc = fill_digest(&dev, 0, first_bytes, &h.digest, &h.progress);
	shorter = h.digest;
	if (!rc)
		rc = fill_digest(&dev, first_bytes, last_bytes, &h.digest, &h.progress);
	progress_end(&h.progress);
	dev_close(&dev);
	if (rc)
		return rc;
	digest_end(&shorter, grows ? ret_as_old : ret_as_new);
	digest_end(&h.digest, grows ? ret_as_new : ret_as_old);
	return 0;
}

static int read_compared(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct comparing *c = ctx;
	int rc = dev_read(&c->dev, offset_bytes, buf, len_bytes);

	return rc ? rc : add_bytes(&c->h, buf, len_bytes);
}

/*
 * A full volume against its index; its digest, as far as NEW reaches, says what lies there.  Where another
 * length of it is known, and is as it was, that is kept: it may be another image's.
 */
static int compare_volume(const struct world *w, const struct bundle_volume *volume, struct bundle *bundle,
			  struct record_installed *ret_found)
{
	static struct comparing c;
	const struct place place = place_of(&w->volume_part[world_named(w, volume->name)]);
	const struct record_installed *known = record_lies(&w->record, volume->name, &place);
	const struct cow_source there = { read_compared, &c, volume->image_bytes };
	struct digest digest;
	uint8_t sum[DIGEST_BYTES];
	int rc = verify_open_origin(w, volume->name, &c.dev);

	if (rc)
		return rc;
	begin(&c.h, "reading", volume->name, volume->image_bytes);
	rc = bundle_compare_next(bundle, &there);
	progress_end(&c.h.progress);
	ret_found->image_bytes = volume->image_bytes;
	digest_end(&c.h.digest, ret_found->digest);
	if (!rc && known && known->image_bytes != volume->image_bytes &&
	    known->image_bytes <= c.dev.size_bytes) {
		digest_begin(&digest);
		rc = fill_digest(&c.dev, 0, known->image_bytes, &digest, NULL);
		digest_end(&digest, sum);
		if (!memcmp(sum, known->digest, sizeof(sum))) {
			ret_found->image_bytes = known->image_bytes;
			memcpy(ret_found->digest, sum, sizeof(sum));
		}
	}
	dev_close(&c.dev);
	return rc;
}

/* One volume: what lies there, and whether it is NEW; -ESTALE: it is neither that nor OLD. */
static int verify_volume(const struct world *w, const struct bundle_volume *volume, struct bundle *bundle,
			 struct record_installed *ret_found, bool *ret_new)
{
	uint8_t as_old[DIGEST_BYTES], as_new[DIGEST_BYTES];
	int rc;

	if (volume->frame_bytes) {
		rc = compare_volume(w, volume, bundle, ret_found);
		*ret_new = !rc && ret_found->image_bytes == volume->image_bytes &&
			   !memcmp(ret_found->digest, volume->new_digest, DIGEST_BYTES);
		return rc;
	}
	rc = digest_volume(w, volume, as_old, as_new);
	if (rc)
		return rc;
	ret_found->image_bytes = volume->old_bytes;
	memcpy(ret_found->digest, as_old, sizeof(as_old));
	*ret_new = !memcmp(as_new, volume->new_digest, sizeof(as_new));
	return memcmp(as_old, volume->old_digest, sizeof(as_old)) ? -ESTALE : 0;
}

int verify_base(const struct world *w, struct bundle *bundle, struct record_installed *ret_found,
		bool *ret_same)
{
	const struct bundle_manifest *manifest = bundle_manifest(bundle);
	const char *differs = NULL;
	bool same = true, is_new = false;

	for (unsigned v = 0; v < manifest->volume_count; v++) {
		const struct bundle_volume *volume = &manifest->volume[v];
		int rc = verify_volume(w, volume, bundle, &ret_found[v], &is_new);

		if (rc && rc != -ESTALE)
			return rc;
		same = same && is_new;
		if (rc)
			differs = volume->name;
	}
	if (differs && !same)
		return fail(ESTALE, "it was made over a different base than the %s that is "
			    "here%s%s%s; make it from the image that runs", differs,
			    manifest->version_from[0] ? " (it wants " : "", manifest->version_from,
			    manifest->version_from[0] ? ")" : "");
	/* Volumes that stay as they are may still get a kernel. */
	*ret_same = same && (differs || !manifest->boot.image_bytes);
	return 0;
}

/*
 * The store as it lies on the medium, every exception (I5). Lists that do not ascend are refused.
 */
static int check_store(const struct record *rec, unsigned v, const struct cow_source *source,
		       struct cow_found *ret_found)
{
	static uint8_t buf[64 * 1024];
	const struct record_volume *volume = &rec->volume[v];
	const struct cow_scratch scratch = { .buf = buf, .buf_bytes = sizeof(buf) };
	struct cow_mark mark = { .exceptions = volume->exceptions };
	const struct cow_expect expect = {
		/*
		 * Not the partition: what lies behind the image is in no digest, and must stay as
		 * it is.  But what is kept restores all that a longer image has written over.
		 */
		.origin_bytes = record_is_way_back(rec) ? volume->volume_sectors * SECTOR_BYTES :
							  volume->image_bytes,
		.chunk_sectors = volume->chunk_sectors,
		.mark = &mark,
		.exact_count = true,
	};
	int rc;

	memcpy(mark.update_id, rec->update_id, sizeof(mark.update_id));
	memcpy(mark.volume, volume->name, sizeof(mark.volume));
	rc = cow_check(source, &expect, &scratch, ret_found);
	if (rc)
		return fail_in(rc, "the store of %s", volume->name);
	if (!ret_found->ascending)
		return fail(EBADMSG, "the store of %s: its exceptions do not ascend", volume->name);
	return 0;
}

static int digest_result(const struct record_volume *volume, const struct cow_source *origin,
			 const struct cow_source *store, const struct cow_found *found)
{
	static struct hashing h;
	const struct cow_sink sink = { .write = add_bytes, .ctx = &h };
	uint8_t digest[DIGEST_BYTES];
	int rc;

	begin(&h, "verifying", volume->name, volume->image_bytes);
	rc = cow_apply(origin, store, volume->image_bytes, found, &sink);
	progress_end(&h.progress);
	if (rc)
		return rc;
	digest_end(&h.digest, digest);
	if (memcmp(digest, volume->new_digest, sizeof(digest)))
		return fail(EBADMSG, "%s with its store is not the image the bundle promises",
			    volume->name);
	return 0;
}

/* The list that is kept for the time after the merge, past the device that the merge will use. */
static int check_kept(const struct world *w, unsigned v)
{
	struct store_open open;
	int rc = store_open(w, v, &open);

	if (rc)
		return rc;
	rc = store_check_kept(w, v, &open);
	store_close(&open);
	return rc ? fail_in(rc, "the kept list of the store of %s", w->record.volume[v].name) : 0;
}

int verify_result(const struct world *w, unsigned v)
{
	const struct record_volume *volume = &w->record.volume[v];
	struct dev origin_dev = DEV_CLOSED, store_dev = DEV_CLOSED;
	struct cow_source origin, store;
	struct cow_found found;
	int rc = open_store(volume->name, &store_dev);

	if (!rc)
		rc = verify_open_origin(w, volume->name, &origin_dev);
	if (!rc) {
		store = store_source(&store_dev);
		origin = store_source(&origin_dev);
		rc = check_store(&w->record, v, &store, &found);
	}
	if (!rc)
		rc = digest_result(volume, &origin, &store, &found);
	if (!rc)
		rc = check_kept(w, v);
	dev_close(&store_dev);
	dev_close(&origin_dev);
	return rc;
}
