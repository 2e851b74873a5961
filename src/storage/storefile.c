/* SPDX-License-Identifier: MIT */
/*
 * Files that hold stores.  Must never leave a half-made one behind (I9), and never pass blocks that
 * the file system could still move or write: the immutable flag comes last, all else being durable.
 */
#include "storage/storefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/control.h"
#include "base/fail.h"
#include "storage/reserve.h"

#define SWEEP_ROUNDS 8
#define MIB (1u << 20)
#define SIZE_MAX_SECTORS (UINT64_C(1) << 50)	/* so that no sum can overflow */

static int sync_dir(const struct store_dir *dir, int dir_fd)
{
	return fsync(dir_fd) < 0 ? fail_sys(errno, "cannot sync the folder %s", dir->path) : 0;
}

static int set_immutable(int fd, bool on)
{
	int flags = 0, rc = control(fd, FS_IOC_GETFLAGS, &flags);

	if (rc)
		return rc;
	if (!!(flags & FS_IMMUTABLE_FL) == on)
		return 0;
	flags ^= FS_IMMUTABLE_FL;
	return control(fd, FS_IOC_SETFLAGS, &flags);
}

/* Removes the file without syncing the folder. -ENOENT: there is none. */
static int unlink_store(const struct store_dir *dir, int dir_fd, const char *file)
{
	int fd = openat(dir_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		/* Only the unlink matters: it fails if this did not help. */
		(void)set_immutable(fd, false);
		(void)close(fd);
	}
	if (unlinkat(dir_fd, file, 0) == 0)
		return 0;
	if (errno == EISDIR)
		return fail(EISDIR, "cannot use %s/%s for a store: it is a folder; move it away",
			    dir->path, file);
	return errno == ENOENT ? -ENOENT : fail_sys(errno, "cannot remove %s/%s", dir->path, file);
}

static int remove_there(const struct store_dir *dir, int dir_fd, const char *file)
{
	int rc = unlink_store(dir, dir_fd, file);

	if (rc == -ENOENT)
		return 0;
	return rc ? rc : sync_dir(dir, dir_fd);
}

int storefile_remove(const struct store_dir *dir, const char *name)
{
	char file[STOREFILE_NAME_MAX];
	int fd, rc = storefile_name(name, file);

	if (!rc)
		rc = storedir_open(dir, &fd);
	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	rc = remove_there(dir, fd, file);
	(void)close(fd);	/* only synced */
	return rc;
}

/* One pass: a folder that changes while it is read need not show all of it. */
static int sweep_once(const struct store_dir *dir, DIR *stream, const struct storefile_keep *keep,
		      unsigned *ret_removed)
{
	const struct dirent *entry;
	int rc;

	*ret_removed = 0;
	while (errno = 0, entry = readdir(stream)) {
		if (!storefile_is_at(dirfd(stream), entry->d_name) ||
		    storefile_is_kept(entry->d_name, keep))
			continue;
		rc = unlink_store(dir, dirfd(stream), entry->d_name);
		if (rc && rc != -ENOENT)
			return rc;
		(*ret_removed)++;
	}
	return errno ? fail_sys(errno, "cannot read the folder %s", dir->path) : 0;
}

static int sweep(const struct store_dir *dir, DIR *stream, const struct storefile_keep *keep,
		 unsigned *ret_removed)
{
	unsigned removed = 0, pass = 1;
	int rc = 0;

	for (int i = 0; pass && !rc && i < SWEEP_ROUNDS; i++) {
		rewinddir(stream);
		rc = sweep_once(dir, stream, keep, &pass);
		removed += pass;
	}
	if (!rc && removed)
		rc = sync_dir(dir, dirfd(stream));
	if (!rc)
		*ret_removed = removed;
	return rc;
}

int storefile_sweep(const struct store_dir *dir, const struct storefile_keep *keep,
		    unsigned *ret_removed)
{
	DIR *stream;
	int fd, rc = storedir_open(dir, &fd);

	if (rc == -ENOENT) {
		*ret_removed = 0;
		return 0;
	}
	if (rc)
		return rc;
	stream = fdopendir(fd);
	if (!stream) {
		rc = fail_sys(errno, "cannot open the folder %s", dir->path);
		(void)close(fd);	/* only read */
		return rc;
	}
	rc = sweep(dir, stream, keep, ret_removed);
	(void)closedir(stream);	/* only read */
	return rc;
}

static uint64_t mib_up(uint64_t bytes)
{
	return bytes / MIB + !!(bytes % MIB);
}

static int no_space(const struct store_dir *dir, const char *name, uint64_t need_sectors)
{
	uint64_t free = 0;
	int rc = reserve_free(dir->path, &free);

	if (rc)
		return rc;
	return fail(ENOSPC, "the store of %s needs %" PRIu64 " MiB on %s, %" PRIu64 " MiB are free",
		    name, mib_up(need_sectors * SECTOR_BYTES), dir->path, free / MIB);
}

/* A file takes the journal flag over from its folder. */
static int check_flags(int fd)
{
	int flags = 0, rc = control(fd, FS_IOC_GETFLAGS, &flags);

	if (rc)
		return fail_sys(-rc, "the file system has no flags");
	if (flags & FS_JOURNAL_DATA_FL)
		return fail(ENOTSUP, "its data would go through the journal (chattr +j)");
	return 0;
}

static int make(const struct store_dir *dir, int dir_fd, const struct reserve *r,
		unsigned *ret_count)
{
	unsigned count;
	int rc = check_flags(r->fd);

	if (!rc)
		rc = reserve_aligned(r, &count);
	if (!rc)
		rc = sync_dir(dir, dir_fd);
	if (rc)
		return rc;
	/* Last, with the one descriptor that can write about to close. */
	rc = set_immutable(r->fd, true);
	if (rc)
		return fail_sys(-rc, "the file cannot be made immutable");
	if (fsync(r->fd) < 0)
		return fail_sys(errno, "the file is not synced");
	*ret_count = count;
	return 0;
}

/* Takes the half-made file away, keeping the reason why it is not whole. */
static int give_up(int rc, const struct store_dir *dir, int dir_fd, const char *name,
		   uint64_t need_sectors)
{
	char why[FAIL_TEXT_MAX], file[STOREFILE_NAME_MAX];
	int removed;

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	removed = storefile_name(name, file);
	if (!removed)
		removed = remove_there(dir, dir_fd, file);
	if (removed)
		return removed;
	if (rc == -ENOSPC)
		return no_space(dir, name, need_sectors);
	return fail(-rc, "cannot make the store of %s on %s: %s", name, dir->path, why);
}

static int create(const struct store_dir *dir, int dir_fd, const char *name, struct reserve *r,
		  unsigned *ret_count)
{
	char file[STOREFILE_NAME_MAX];
	int rc = storefile_name(name, file);

	if (!rc)
		rc = remove_there(dir, dir_fd, file);
	if (rc)
		return rc;
	r->fd = openat(dir_fd, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r->fd < 0)
		return fail_sys(errno, "cannot create %s/%s", dir->path, file);
	rc = make(dir, dir_fd, r, ret_count);
	(void)close(r->fd);	/* synced, or about to go */
	return rc ? give_up(rc, dir, dir_fd, name, r->need_sectors) : 0;
}

int storefile_create(const struct store_dir *dir, const char *name, uint64_t size_sectors,
		     uint64_t part_start_sectors, uint32_t io_min_bytes,
		     struct extent *ret_extents, unsigned max, unsigned *ret_count)
{
	struct reserve r = { .dir = dir->path, .need_sectors = size_sectors,
			     .part_start_sectors = part_start_sectors,
			     .io_min_bytes = io_min_bytes, .extents = ret_extents, .max = max };
	char file[STOREFILE_NAME_MAX];
	int fd, rc = storefile_name(name, file);

	if (!rc && (!size_sectors || size_sectors > SIZE_MAX_SECTORS))
		rc = fail(EINVAL, "cannot make a store of %" PRIu64 " sectors", size_sectors);
	if (rc)
		return rc;
	rc = storedir_open(dir, &fd);
	if (rc)
		return rc == -ENOENT ? fail_sys(ENOENT, "cannot open the folder %s", dir->path) : rc;
	rc = create(dir, fd, name, &r, ret_count);
	(void)close(fd);	/* synced, as far as it matters */
	return rc;
}
