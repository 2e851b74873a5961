/* SPDX-License-Identifier: MIT */
/*
 * Logs on data.  Must never follow a link, nor touch any file but those in its own folder: what is below
 * the descriptors is done below them.
 */
#include "storage/logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"

#define NEW ".new"
#define MODE_FOLDER 0700
#define MODE_FILE 0600

static int open_folder(const struct store_dir *dir, bool make, int *ret_fd)
{
	int above, fd, rc = make ? storedir_make(dir) : 0;

	if (!rc)
		rc = storedir_open(dir, &above);
	if (rc)
		return rc;
	if (make && mkdirat(above, LOGFILE_FOLDER, MODE_FOLDER) < 0 && errno != EEXIST)
		rc = fail_sys(errno, "cannot make %s/" LOGFILE_FOLDER, dir->path);
	fd = rc ? -1 : openat(above, LOGFILE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!rc && fd < 0)
		rc = errno == ENOENT ? -ENOENT :
		     fail_sys(errno, "cannot open the folder %s/" LOGFILE_FOLDER, dir->path);
	(void)close(above);	/* only read */
	if (!rc)
		*ret_fd = fd;
	return rc;
}

static int write_all(int fd, const char *data, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t put = write(fd, data, len_bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		data += put;
		len_bytes -= (size_t)put;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Under another name first, which is nobody's. */
static int replace(int folder, const char *name, const char *data, size_t len_bytes)
{
	int fd = openat(folder, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, MODE_FILE);
	int rc = fd < 0 ? -errno : write_all(fd, data, len_bytes);

	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && renameat(folder, NEW, folder, name) < 0)
		rc = -errno;
	if (!rc && fsync(folder) < 0)
		rc = -errno;
	if (rc)
		(void)unlinkat(folder, NEW, 0);	/* it is written over the next time */
	return rc;
}

/* How many files there are, and the one that was written first, by its name where that is equal. */
static int find_oldest(int folder, const char *keep, unsigned *ret_count, char ret_name[NAME_MAX + 1])
{
	const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct timespec oldest = { .tv_sec = 0 };
	const struct dirent *entry;
	struct stat st;

	*ret_count = 0;
	ret_name[0] = 0;
	if (!stream) {
		if (copy >= 0)
			(void)close(copy);	/* only read */
		return -errno;
	}
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.' ||
		    fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		++*ret_count;
		if (!strcmp(entry->d_name, keep))
			continue;
		if (!ret_name[0] || st.st_mtim.tv_sec < oldest.tv_sec ||
		    (st.st_mtim.tv_sec == oldest.tv_sec && strcmp(entry->d_name, ret_name) < 0)) {
			oldest = st.st_mtim;
			(void)snprintf(ret_name, NAME_MAX + 1, "%s", entry->d_name);
		}
	}
	(void)closedir(stream);	/* only read */
	return 0;
}

/* Each round removes one; what cannot be removed ends it. */
static int rotate(int folder, const char *keep)
{
	char name[NAME_MAX + 1];
	unsigned count;
	int rc;

	while (!(rc = find_oldest(folder, keep, &count, name)) && count > LOGFILE_MAX && name[0])
		if (unlinkat(folder, name, 0) < 0)
			return -errno;
	return rc;
}

int logfile_save(const struct store_dir *dir, const char *name, const char *data, size_t len_bytes)
{
	int folder, rc;

	if (len_bytes > LOGFILE_BYTES_MAX)
		return fail(EFBIG, "cannot keep the log %s: it has %zu bytes", name, len_bytes);
	rc = open_folder(dir, true, &folder);
	if (rc)
		return rc;
	rc = replace(folder, name, data, len_bytes);
	if (!rc)
		rc = rotate(folder, name);
	(void)close(folder);	/* replace has flushed it */
	return rc ? fail_sys(-rc, "cannot keep the log %s/" LOGFILE_FOLDER "/%s", dir->path, name) : 0;
}

static int read_end(int fd, char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	const off_t end = lseek(fd, 0, SEEK_END), room = (off_t)size_bytes - 1;
	size_t len = 0;

	if (end < 0 || lseek(fd, end > room ? end - room : 0, SEEK_SET) < 0)
		return -errno;
	while (len < size_bytes - 1) {
		ssize_t got = read(fd, buf + len, size_bytes - 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		len += (size_t)got;
	}
	buf[len] = 0;
	*ret_len_bytes = len;
	return 0;
}

int logfile_read(const struct store_dir *dir, const char *name, char *buf, size_t size_bytes,
		 size_t *ret_len_bytes)
{
	int folder, fd, rc = open_folder(dir, false, &folder);

	if (rc)
		return rc;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	rc = fd < 0 ? -errno : read_end(fd, buf, size_bytes, ret_len_bytes);
	(void)close(folder);	/* only read */
	if (fd >= 0)
		(void)close(fd);	/* only read */
	return rc && rc != -ENOENT ?
	       fail_sys(-rc, "cannot read %s/" LOGFILE_FOLDER "/%s", dir->path, name) : rc;
}
