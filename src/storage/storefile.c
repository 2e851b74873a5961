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
#include "base/text.h"
#include "storage/reserve.h"

#define SUFFIX ".store"
#define PATH_BYTES 256
#define SWEEP_ROUNDS 8
#define COMPARE_EXTENTS 8192
#define MIB (1u << 20)
#define SIZE_MAX_SECTORS (UINT64_C(1) << 50)	/* so that no sum can overflow */

static int make_path(const char *dir, const char *name, char path[PATH_BYTES])
{
	int len;

	if (!text_is_name(name))
		return fail(EINVAL, "cannot use a store named %s: not the name of a volume", name);
	len = snprintf(path, PATH_BYTES, "%s/%s" SUFFIX, dir, name);
	if (len < 0 || len >= PATH_BYTES)
		return fail(ENAMETOOLONG, "cannot use the folder %s: its path is too long", dir);
	return 0;
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return fail_sys(errno, "cannot open the folder %s", dir);
	rc = fsync(fd) < 0 ? fail_sys(errno, "cannot sync the folder %s", dir) : 0;
	(void)close(fd);	/* only synced */
	return rc;
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
static int unlink_store(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		/* What really matters is the unlink: it tells, if this did not help. */
		(void)set_immutable(fd, false);
		(void)close(fd);
	}
	if (unlink(path) == 0)
		return 0;
	return errno == ENOENT ? -ENOENT : fail_sys(errno, "cannot remove %s", path);
}

int storefile_remove(const char *dir, const char *name)
{
	char path[PATH_BYTES];
	int rc = make_path(dir, name, path);

	if (rc)
		return rc;
	rc = unlink_store(path);
	if (rc == -ENOENT)
		return 0;
	return rc ? rc : sync_dir(dir);
}

static bool is_store(const char *name)
{
	size_t len = strlen(name), tail = strlen(SUFFIX);

	return len > tail && strcmp(name + len - tail, SUFFIX) == 0;
}

/* One pass: a folder that changes while it is read need not show all of it. */
static int sweep_once(const char *dir_path, DIR *dir, unsigned *ret_removed)
{
	const struct dirent *entry;
	char path[PATH_BYTES + 256];
	int rc;

	*ret_removed = 0;
	while (errno = 0, entry = readdir(dir)) {
		if (!is_store(entry->d_name))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir_path, entry->d_name);
		rc = unlink_store(path);
		if (rc && rc != -ENOENT)
			return rc;
		(*ret_removed)++;
	}
	return errno ? fail_sys(errno, "cannot read the folder %s", dir_path) : 0;
}

int storefile_sweep(const char *dir, unsigned *ret_removed)
{
	unsigned removed = 0, pass = 1;
	DIR *stream = opendir(dir);
	int rc = 0;

	if (!stream && errno != ENOENT)
		return fail_sys(errno, "cannot open the folder %s", dir);
	for (int i = 0; stream && pass && !rc && i < SWEEP_ROUNDS; i++) {
		rewinddir(stream);
		rc = sweep_once(dir, stream, &pass);
		removed += pass;
	}
	if (stream)
		(void)closedir(stream);	/* only read */
	if (!rc && removed)
		rc = sync_dir(dir);
	if (!rc)
		*ret_removed = removed;
	return rc;
}

static uint64_t mib_up(uint64_t bytes)
{
	return bytes / MIB + !!(bytes % MIB);
}

static int no_space(const char *dir, const char *name, uint64_t need_sectors)
{
	uint64_t free = 0;
	int rc = reserve_free(dir, &free);

	if (rc)
		return rc;
	return fail(ENOSPC, "the store of %s needs %" PRIu64 " MiB on %s, %" PRIu64 " MiB are free",
		    name, mib_up(need_sectors * SECTOR_BYTES), dir, free / MIB);
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

static int make(const struct reserve *r, unsigned *ret_count)
{
	unsigned count;
	int rc = check_flags(r->fd);

	if (!rc)
		rc = reserve_aligned(r, &count);
	if (!rc)
		rc = sync_dir(r->dir);
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
static int give_up(int rc, const char *dir, const char *name, uint64_t need_sectors)
{
	char why[FAIL_TEXT_MAX];
	int removed;

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	removed = storefile_remove(dir, name);
	if (removed)
		return removed;
	if (rc == -ENOSPC)
		return no_space(dir, name, need_sectors);
	return fail(-rc, "cannot make the store of %s on %s: %s", name, dir, why);
}

int storefile_create(const char *dir, const char *name, uint64_t size_sectors,
		     uint64_t part_start_sectors, uint32_t io_min_bytes,
		     struct extent *ret_extents, unsigned max, unsigned *ret_count)
{
	struct reserve r = { .dir = dir, .need_sectors = size_sectors,
			     .part_start_sectors = part_start_sectors,
			     .io_min_bytes = io_min_bytes, .extents = ret_extents, .max = max };
	char path[PATH_BYTES];
	int rc = make_path(dir, name, path);

	if (!rc && (!size_sectors || size_sectors > SIZE_MAX_SECTORS))
		rc = fail(EINVAL, "cannot make a store of %" PRIu64 " sectors", size_sectors);
	if (!rc)
		rc = storefile_remove(dir, name);
	if (rc)
		return rc;
	r.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r.fd < 0)
		return fail_sys(errno, "cannot create %s", path);
	rc = make(&r, ret_count);
	(void)close(r.fd);	/* synced, or about to go */
	return rc ? give_up(rc, dir, name, size_sectors) : 0;
}

/* Whether piece lies in whole, from no earlier than from_sectors on. */
static bool holds(const struct extent *whole, uint64_t from_sectors, const struct extent *piece)
{
	return piece->start_sectors >= from_sectors && piece->size_sectors <= whole->size_sectors &&
	       piece->start_sectors - whole->start_sectors <=
	       whole->size_sectors - piece->size_sectors;
}

/* Both lists are in the order of the file. */
static int compare(const struct extent *now, unsigned now_count, const struct extent *extents,
		   unsigned count)
{
	uint64_t from_sectors = now[0].start_sectors;
	unsigned at = 0;

	for (unsigned i = 0; i < count; i++) {
		while (!holds(&now[at], from_sectors, &extents[i])) {
			if (++at == now_count)
				return fail(ESTALE, "piece %u of it has moved", i);
			from_sectors = now[at].start_sectors;
		}
		from_sectors = extents[i].start_sectors + extents[i].size_sectors;
	}
	return 0;
}

static int compare_file(int fd, const struct extent *extents, unsigned count)
{
	static struct extent now[COMPARE_EXTENTS];
	unsigned now_count;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return fail_sys(errno, "cannot look at it");
	rc = extents_of_file(fd, (uint64_t)st.st_size, now, COMPARE_EXTENTS, &now_count);
	return rc ? rc : compare(now, now_count, extents, count);
}

int storefile_compare(const char *dir, const char *name, uint64_t part_start_sectors,
		      uint32_t io_min_bytes, const struct extent *extents, unsigned count)
{
	char path[PATH_BYTES];
	int fd, rc = make_path(dir, name, path);

	/* Another kernel may name another io_min for this disk; the pieces stay where they are. */
	(void)part_start_sectors;
	(void)io_min_bytes;
	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(errno, "cannot open %s", path);
	rc = compare_file(fd, extents, count);
	(void)close(fd);	/* only read */
	return rc ? fail_in(rc, "cannot trust %s", path) : 0;
}
