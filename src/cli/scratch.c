/* SPDX-License-Identifier: MIT */
/* Scratch files, and stores in files.  Never writes to a file that has a name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cli/scratch.h"

int file_check_store(struct dev *store, uint64_t origin_bytes, uint32_t chunk_sectors,
		     struct cow_found *ret_found)
{
	const struct cow_expect expect = {
		.origin_bytes = origin_bytes, .chunk_sectors = chunk_sectors,
	};
	/* A bit for each chunk, if they were of one sector each; memory that is not used is never touched. */
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
