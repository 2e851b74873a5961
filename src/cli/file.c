/* SPDX-License-Identifier: MIT */
/*
 * What `bundle` and `store` read, and their scratch space.  Never writes to a file that has a name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cli/file.h"

int file_open_image(const char *path, struct dev *ret_dev)
{
	if (!strcmp(path, "-"))
		return fail(EINVAL, "cannot read an image from standard input: it is read more "
			    "than once; give a file");
	return dev_open(path, DEV_READ, ret_dev);
}

/* OLD and NEW are opened already. */
static int check_pair(const struct dev *old_image, const struct dev *new_image)
{
	uint64_t old_bytes = old_image->size_bytes, new_bytes = new_image->size_bytes;

	if (old_bytes != new_bytes)
		return fail(EINVAL, "cannot compare images: %s is %s than %s (%" PRIu64 " and %"
			    PRIu64 " bytes); an update cannot change the size of a volume",
			    new_image->name, new_bytes > old_bytes ? "larger" : "smaller",
			    old_image->name, new_bytes, old_bytes);
	if (!new_bytes)
		return fail(EINVAL, "cannot compare images: %s is empty", new_image->name);
	if (new_bytes % SECTOR_BYTES)
		return fail(EINVAL, "cannot compare images: the %" PRIu64 " bytes of %s are no "
			    "whole number of %u-byte sectors", new_bytes, new_image->name,
			    SECTOR_BYTES);
	return 0;
}

int file_open_pair(const char *old_path, const char *new_path, struct dev *ret_old,
		   struct dev *ret_new)
{
	struct dev old_image = DEV_CLOSED, new_image = DEV_CLOSED;
	int rc = file_open_image(old_path, &old_image);

	if (!rc)
		rc = file_open_image(new_path, &new_image);
	if (!rc)
		rc = check_pair(&old_image, &new_image);
	if (rc) {
		dev_close(&old_image);
		dev_close(&new_image);
		return rc;
	}
	*ret_old = old_image;
	*ret_new = new_image;
	return 0;
}

int file_check_store(struct dev *store, uint64_t origin_bytes, uint32_t chunk_sectors,
		     struct cow_found *ret_found)
{
	const struct cow_expect expect = {
		.origin_bytes = origin_bytes, .chunk_sectors = chunk_sectors,
	};
	/* A bit for each chunk, were they of one sector; no more of it is touched than is used. */
	size_t bits_bytes = (size_t)(origin_bytes / SECTOR_BYTES +
				     store->size_bytes / SECTOR_BYTES + 16) / 8;
	struct cow_source source = file_source(store);
	uint8_t buf[65536];
	struct cow_scratch scratch = { buf, sizeof(buf), malloc(bits_bytes), bits_bytes };
	int rc = cow_check(&source, &expect, &scratch, ret_found);

	free(scratch.bits);
	return rc;
}

static int read_source(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	return dev_read(ctx, offset_bytes, buf, len_bytes);
}

struct cow_source file_source(struct dev *dev)
{
	return (struct cow_source){ read_source, dev, dev->size_bytes };
}

int scratch_open(const char *dir, struct dev *ret_dev)
{
	struct dev dev = { .writable = true };
	char path[4096];
	int len;

	if (!dir)
		dir = getenv("TMPDIR");
	if (!dir || !*dir)
		dir = "/tmp";
	len = snprintf(path, sizeof(path), "%s/cowboot.XXXXXX", dir);
	if (len < 0 || (size_t)len >= sizeof(path))
		return fail_sys(ENAMETOOLONG, "cannot make a scratch file in %s", dir);
	dev.fd = mkstemp(path);
	if (dev.fd < 0)
		return fail_sys(errno, "cannot make a scratch file in %s", dir);
	if (unlink(path)) {
		int errnum = errno;

		(void)close(dev.fd);	/* nothing was written */
		return fail_sys(errnum, "cannot remove %s", path);
	}
	/* Only for messages: a cut name is good enough. */
	(void)snprintf(dev.name, sizeof(dev.name), "a scratch file in %s", dir);
	*ret_dev = dev;
	return 0;
}

static int append(void *ctx, const void *data, size_t len_bytes)
{
	struct dev *dev = ctx;
	uint64_t at = dev->size_bytes;
	int rc;

	dev->size_bytes += len_bytes;
	rc = dev_write(dev, at, data, len_bytes);
	if (rc)
		dev->size_bytes = at;
	return rc;
}

struct cow_sink scratch_sink(struct dev *dev)
{
	return (struct cow_sink){ append, dev };
}

static int copy_input(struct dev *scratch)
{
	uint8_t piece[65536];
	ssize_t got;
	int rc;

	do {
		got = read(STDIN_FILENO, piece, sizeof(piece));
		if (got < 0 && errno != EINTR)
			return fail_sys(errno, "cannot read standard input");
		rc = got > 0 ? append(scratch, piece, (size_t)got) : 0;
	} while (got && !rc);
	return rc;
}

int file_open_input(const char *path, struct dev *ret_dev)
{
	struct dev dev = DEV_CLOSED;
	int rc;

	if (strcmp(path, "-"))
		return dev_open(path, DEV_READ, ret_dev);
	rc = scratch_open(NULL, &dev);
	if (!rc)
		rc = copy_input(&dev);
	if (rc) {
		dev_close(&dev);
		return rc;
	}
	snprintf(dev.name, sizeof(dev.name), "standard input");
	*ret_dev = dev;
	return 0;
}
