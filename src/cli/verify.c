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
#include "cli/install.h"
#include "cli/progress.h"
#include "cow/write.h"
#include "update/store.h"

#define PIECE_BYTES (256u * 1024)

_Static_assert(DIGEST_BYTES == RECORD_DIGEST_BYTES, "the record keeps the bundle's digest");

struct hashing {
	struct digest digest;
	struct progress progress;
};

static int add_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct hashing *h = ctx;

	digest_add(&h->digest, data, len_bytes);
	progress_add(&h->progress, len_bytes);
	return install_stopped();
}

static void begin(struct hashing *h, const char *what, uint64_t total_bytes)
{
	digest_begin(&h->digest);
	progress_begin(&h->progress, what, total_bytes);
}

static int read_through(const struct dev *dev, uint64_t len_bytes, struct hashing *h)
{
	static uint8_t buf[PIECE_BYTES];

	for (uint64_t at = 0; at < len_bytes;) {
		uint64_t left = len_bytes - at;
		size_t piece_bytes = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		int rc = dev_read(dev, at, buf, piece_bytes);

		if (!rc)
			rc = add_bytes(h, buf, piece_bytes);
		if (rc)
			return rc;
		at += piece_bytes;
	}
	return 0;
}

static int open_mapped(const char *name, struct dev *ret_dev)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	return dev_open(path, DEV_READ, ret_dev);
}

static int digest_volume(const struct bundle_volume *volume, uint8_t ret_digest[DIGEST_BYTES])
{
	static struct hashing h;
	struct dev dev = DEV_CLOSED;
	char what[64];
	int rc = open_mapped(volume->name, &dev);

	if (rc)
		return rc;
	snprintf(what, sizeof(what), "reading %s", volume->name);
	begin(&h, what, volume->image_bytes);
	rc = read_through(&dev, volume->image_bytes, &h);
	progress_end(&h.progress);
	dev_close(&dev);
	if (!rc)
		digest_end(&h.digest, ret_digest);
	return rc;
}

int verify_base(const struct bundle_manifest *manifest, bool *ret_same)
{
	uint8_t digest[DIGEST_BYTES];
	const char *differs = NULL;
	bool same = true;

	for (unsigned v = 0; v < manifest->volume_count; v++) {
		const struct bundle_volume *volume = &manifest->volume[v];
		int rc = digest_volume(volume, digest);

		if (rc)
			return rc;
		if (memcmp(digest, volume->new_digest, sizeof(digest)))
			same = false;
		if (memcmp(digest, volume->old_digest, sizeof(digest)))
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
		 * it is.
		 */
		.origin_bytes = volume->image_bytes,
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
	char what[64];
	int rc;

	snprintf(what, sizeof(what), "verifying %s", volume->name);
	begin(&h, what, volume->image_bytes);
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

int verify_result(const struct board *b, unsigned v)
{
	const struct record_volume *volume = &b->world.record.volume[v];
	struct dev origin_dev = DEV_CLOSED, store_dev = DEV_CLOSED;
	struct cow_source origin, store;
	struct cow_found found;
	char name[STORE_NAME_MAX];
	int rc;

	store_name(name, volume->name);
	rc = open_mapped(name, &store_dev);
	if (!rc)
		rc = open_mapped(volume->name, &origin_dev);
	if (!rc)
		rc = dev_drop_cache(&store_dev);
	if (!rc) {
		store = store_source(&store_dev);
		origin = store_source(&origin_dev);
		rc = check_store(&b->world.record, v, &store, &found);
	}
	if (!rc)
		rc = digest_result(volume, &origin, &store, &found);
	dev_close(&store_dev);
	dev_close(&origin_dev);
	return rc;
}
