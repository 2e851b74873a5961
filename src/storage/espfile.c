/* SPDX-License-Identifier: MIT */
/* Files on a mounted ESP.  Must never leave a name whose content is not on the medium. */
#include "storage/espfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"

#define PATH_BYTES 256

/* All that was written to this file's file system so far, directories included. */
static int flush_all(int fd, const char *path)
{
	if (syncfs(fd) < 0)
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

static int write_all(int fd, const char *path, const void *data, size_t len_bytes)
{
	for (size_t done = 0; done < len_bytes;) {
		ssize_t put = write(fd, (const char *)data + done, len_bytes - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail_sys(put ? errno : EIO, "cannot write %s", path);
		done += (size_t)put;
	}
	return 0;
}

int espfile_write(const char *path, const void *data, size_t len_bytes)
{
	char new_path[PATH_BYTES];
	int fd, rc;

	if ((size_t)snprintf(new_path, sizeof(new_path), "%s.new", path) >= sizeof(new_path))
		return fail(ENAMETOOLONG, "cannot write %s: the path is too long", path);
	fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(errno, "cannot make %s", new_path);
	rc = write_all(fd, new_path, data, len_bytes);
	if (!rc)
		rc = flush_all(fd, new_path);
	if (!rc && rename(new_path, path) < 0)
		rc = fail_sys(errno, "cannot rename %s to %s", new_path, path);
	if (!rc)
		rc = flush_all(fd, path);
	if (close(fd) < 0 && !rc)
		rc = fail_sys(errno, "cannot write %s", path);
	return rc;
}

int espfile_create(const char *path, uint64_t size_bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0)
		return fail_sys(errno, "cannot make %s", path);
	if (ftruncate(fd, (off_t)size_bytes) < 0)
		rc = fail_sys(errno, "cannot make %s %llu bytes long", path,
			      (unsigned long long)size_bytes);
	if (close(fd) < 0 && !rc)
		rc = fail_sys(errno, "cannot make %s", path);
	return rc;
}

int espfile_remove(const char *path)
{
	char dir[PATH_BYTES];
	char *slash;
	int fd, rc;

	if ((size_t)snprintf(dir, sizeof(dir), "%s", path) >= sizeof(dir))
		return fail(ENAMETOOLONG, "cannot remove %s: the path is too long", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_sys(errno, "cannot remove %s", path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(errno, "cannot open %s", dir);
	rc = flush_all(fd, dir);
	(void)close(fd);	/* it was only flushed */
	return rc;
}
