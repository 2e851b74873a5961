/* SPDX-License-Identifier: MIT */
/*
 * Reserving the blocks of a store file.  Must never fill `data` completely: what ext4 keeps for root
 * stays free.
 */
#include "storage/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"

#define GROW_ROUNDS 8

int reserve_free(const char *dir, uint64_t *ret_bytes)
{
	struct statvfs fs;

	if (statvfs(dir, &fs) < 0)
		return fail_sys(errno, "cannot look at the free space of %s", dir);
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

/* Grows the file from have_bytes to size_bytes. The room is asked for before any is taken. */
static int grow(const struct reserve *r, uint64_t have_bytes, uint64_t size_bytes)
{
	uint64_t free;
	int rc = reserve_free(r->dir, &free);

	if (rc)
		return rc;
	if (size_bytes - have_bytes > free || size_bytes > INT64_MAX)
		return -ENOSPC;
	do
		rc = fallocate(r->fd, 0, (off_t)have_bytes, (off_t)(size_bytes - have_bytes));
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == ENOSPC)
		return -ENOSPC;
	if (rc < 0)
		return fail_sys(errno, "the file system does not reserve blocks");
	return fsync(r->fd) < 0 ? fail_sys(errno, "the file is not synced") : 0;
}

/* The file system's block: a file of whole blocks takes what it holds, and no more. */
static int block_sectors(const char *dir, uint64_t *ret_sectors)
{
	struct statvfs fs;

	if (statvfs(dir, &fs) < 0)
		return fail_sys(errno, "cannot look at the blocks of %s", dir);
	*ret_sectors = fs.f_frsize > SECTOR_BYTES ? fs.f_frsize / SECTOR_BYTES : 1;
	return 0;
}

int reserve_aligned(const struct reserve *r, unsigned *ret_count)
{
	uint64_t want_sectors = r->need_sectors, have_sectors, size_bytes = 0, block = 1;
	unsigned count;
	int rc = block_sectors(r->dir, &block);

	if (rc)
		return rc;
	for (int round = 0; round < GROW_ROUNDS; round++) {
		want_sectors = (want_sectors + block - 1) / block * block;
		rc = grow(r, size_bytes, want_sectors * SECTOR_BYTES);
		if (rc)
			return rc;
		size_bytes = want_sectors * SECTOR_BYTES;
		rc = extents_of_file(r->fd, size_bytes, r->extents, r->max, &count);
		if (rc)
			return rc;
		rc = extents_align(r->extents, &count, r->part_start_sectors, r->io_min_bytes,
				   r->need_sectors, &have_sectors);
		if (!rc) {
			*ret_count = count;
			return 0;
		}
		want_sectors += r->need_sectors - have_sectors + r->io_min_bytes / SECTOR_BYTES;
	}
	return fail(E2BIG, "the free space is in pieces too small to align to %" PRIu32 " bytes",
		    r->io_min_bytes);
}
