/* SPDX-License-Identifier: MIT */
/* Files on a mounted ESP, changed.  Must never leave a name whose content is not on the medium. */
#include "loader/espfile.h"

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
		return fail_sys(errno, "cannot flush /%s on the ESP", path);
	return 0;
}

static int write_all(int fd, const char *path, const char *text, size_t len_bytes)
{
	for (size_t done = 0; done < len_bytes;) {
		ssize_t put = write(fd, text + done, len_bytes - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail_sys(put ? errno : EIO, "cannot write /%s on the ESP", path);
		done += (size_t)put;
	}
	return flush_all(fd, path);
}

/* Over what is there: no cluster is taken or given back, and no other byte is touched. */
static int put_key(int fd, const char *path, size_t key_at, char key)
{
	if (lseek(fd, (off_t)key_at, SEEK_SET) < 0)
		return fail_sys(errno, "cannot write /%s on the ESP", path);
	return write_all(fd, path, &key, 1);
}

static int close_after(int fd, const char *path, int rc)
{
	if (close(fd) < 0 && !rc)
		return fail_sys(errno, "cannot write /%s on the ESP", path);
	return rc;
}

int espfile_make(int esp_fd, const char *path, const char *text, size_t key_at)
{
	const size_t len = strlen(text);
	char blank[BOOTENTRY_TEXT_MAX];
	int fd, rc;

	if (len > sizeof(blank))
		return fail(EFBIG, "cannot make /%s on the ESP: it is too long", path);
	if (key_at >= len)
		return fail(EINVAL, "cannot make /%s on the ESP: nothing in it is an entry's key",
			    path);
	memcpy(blank, text, len);
	blank[key_at] = BOOTENTRY_NO_SLOT;
	fd = openat(esp_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(errno, "cannot make /%s on the ESP", path);
	rc = write_all(fd, path, blank, len);
	if (!rc)
		rc = put_key(fd, path, key_at, text[key_at]);
	return close_after(fd, path, rc);
}

int espfile_blank(int esp_fd, const char *path, size_t key_at)
{
	int fd = openat(esp_fd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_sys(errno, "cannot open /%s on the ESP", path);
	return close_after(fd, path, put_key(fd, path, key_at, BOOTENTRY_NO_SLOT));
}

int espfile_unlink(int esp_fd, const char *path)
{
	if (unlinkat(esp_fd, path, 0) < 0 && errno != ENOENT)
		return fail_sys(errno, "cannot remove /%s on the ESP", path);
	return 0;
}

int espfile_flush(int esp_fd)
{
	int fd = openat(esp_fd, ESPFILE_ENTRIES, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return fail_sys(errno, "cannot open /%s on the ESP", ESPFILE_ENTRIES);
	rc = flush_all(fd, ESPFILE_ENTRIES);
	(void)close(fd);	/* it was only flushed */
	return rc;
}

int espfile_create(int esp_fd, const char *path, uint64_t size_bytes)
{
	int fd = openat(esp_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0)
		return fail_sys(errno, "cannot make /%s on the ESP", path);
	/* What it held is given back, durably, before it takes clusters again. */
	rc = flush_all(fd, path);
	if (!rc && ftruncate(fd, (off_t)size_bytes) < 0)
		rc = fail_sys(errno, "cannot make /%s on the ESP %llu bytes long", path,
			      (unsigned long long)size_bytes);
	return close_after(fd, path, rc);
}
