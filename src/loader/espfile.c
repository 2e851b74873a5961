/* SPDX-License-Identifier: MIT */
/* Files on a mounted ESP.  Must never leave a name whose content is not on the medium. */
#include "loader/espfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "loader/bootentry.h"

/*
 * All that was written to this file's file system so far, directories included.  Linux's FAT has no
 * sync_fs, so syncfs leaves it in the disk's cache; its fsync flushes that.
 */
static int flush_all(int fd, const char *path)
{
	if (syncfs(fd) < 0 || fsync(fd) < 0)
		return fail_sys(errno, "cannot flush %s", path);
	return 0;
}

int espfile_each(const char *dir, int (*each)(void *ctx, const char *name), void *ctx)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int rc = 0;

	if (!stream)
		return fail_sys(errno, "cannot read %s", dir);
	while (!rc) {
		errno = 0;
		entry = readdir(stream);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			rc = each(ctx, entry->d_name);
	}
	if (!rc && errno)
		rc = fail_sys(errno, "cannot read %s", dir);
	closedir(stream);
	return rc;
}

static int write_all(int fd, const char *path, const char *text, size_t len_bytes)
{
	for (size_t done = 0; done < len_bytes;) {
		ssize_t put = write(fd, text + done, len_bytes - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail_sys(put ? errno : EIO, "cannot write %s", path);
		done += (size_t)put;
	}
	return flush_all(fd, path);
}

/* Over what is there: no cluster is taken or given back, and no other byte is touched. */
static int put_key(int fd, const char *path, size_t key_at, char key)
{
	if (lseek(fd, (off_t)key_at, SEEK_SET) < 0)
		return fail_sys(errno, "cannot write %s", path);
	return write_all(fd, path, &key, 1);
}

static int close_after(int fd, const char *path, int rc)
{
	if (close(fd) < 0 && !rc)
		return fail_sys(errno, "cannot write %s", path);
	return rc;
}

int espfile_make(const char *path, const char *text, size_t key_at)
{
	const size_t len = strlen(text);
	char blank[BOOTENTRY_TEXT_MAX];
	int fd, rc;

	if (len > sizeof(blank))
		return fail(EFBIG, "cannot make %s: it is too long", path);
	if (key_at >= len)
		return fail(EINVAL, "cannot make %s: nothing in it is an entry's key", path);
	memcpy(blank, text, len);
	blank[key_at] = BOOTENTRY_NO_SLOT;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(errno, "cannot make %s", path);
	rc = write_all(fd, path, blank, len);
	if (!rc)
		rc = put_key(fd, path, key_at, text[key_at]);
	return close_after(fd, path, rc);
}

int espfile_blank(const char *path, size_t key_at)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_sys(errno, "cannot open %s", path);
	return close_after(fd, path, put_key(fd, path, key_at, BOOTENTRY_NO_SLOT));
}

int espfile_unlink(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_sys(errno, "cannot remove %s", path);
	return 0;
}

int espfile_flush(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return fail_sys(errno, "cannot open %s", dir);
	rc = flush_all(fd, dir);
	(void)close(fd);	/* it was only flushed */
	return rc;
}

int espfile_create(const char *path, uint64_t size_bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0)
		return fail_sys(errno, "cannot make %s", path);
	/* What it held is given back, durably, before it takes clusters again. */
	rc = flush_all(fd, path);
	if (!rc && ftruncate(fd, (off_t)size_bytes) < 0)
		rc = fail_sys(errno, "cannot make %s %llu bytes long", path,
			      (unsigned long long)size_bytes);
	return close_after(fd, path, rc);
}
