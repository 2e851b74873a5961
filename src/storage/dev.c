/* SPDX-License-Identifier: MIT */
/*
 * A block device or an image file.  Must never return success for part of a request, nor for a
 * flush that did not reach the medium: I1, I2 and I6 stand on that.
 */
#include "storage/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/control.h"
#include "base/fail.h"

#define DIRECT_BYTES 4096u		/* for every disk and file system with no larger blocks */
#define BOUNCE_BYTES (256u * 1024)

/* An offset that is cut off would be a write to somewhere else: -D_FILE_OFFSET_BITS=64 on 32 bits. */
_Static_assert(sizeof(off_t) == sizeof(uint64_t), "off_t holds every offset");

static int size_of(int fd, const char *path, uint64_t *ret_size_bytes)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return fail_sys(errno, "cannot look at %s", path);
	if (S_ISREG(st.st_mode)) {
		*ret_size_bytes = (uint64_t)st.st_size;
		return 0;
	}
	if (!S_ISBLK(st.st_mode))
		return fail(EINVAL, "cannot use %s: neither a block device nor a file", path);
	rc = control(fd, BLKGETSIZE64, ret_size_bytes);
	if (rc)
		return fail_sys(-rc, "cannot get the size of %s", path);
	return 0;
}

/* Opening a pipe or terminal could wait for ever, so what it is comes before the open. */
static int check_kind(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_sys(errno, "cannot open %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fail(EINVAL, "cannot use %s: neither a block device nor a file", path);
	return 0;
}

/*
 * Where a file system has no direct reads, the file is read through the cache, which is told to forget
 * it first.
 */
static int open_medium(const char *path, struct dev *dev)
{
	int logical_bytes = 0;

	dev->fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (dev->fd >= 0) {
		(void)control(dev->fd, BLKSSZGET, &logical_bytes); /* a file has none */
		dev->direct_bytes = DIRECT_BYTES;
		if (logical_bytes > (int)DIRECT_BYTES && logical_bytes <= (int)BOUNCE_BYTES)
			dev->direct_bytes = (uint32_t)logical_bytes;
		return 0;
	}
	if (errno != EINVAL)
		return -errno;
	dev->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	(void)posix_fadvise(dev->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

static int open_as(const char *path, enum dev_mode mode, struct dev *dev)
{
	if (mode == DEV_MEDIUM)
		return open_medium(path, dev);
	/* O_EXCL for DEV_ALONE only: device-mapper may hold the partition while it is written. */
	dev->fd = open(path, (dev->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC |
			     (mode == DEV_ALONE ? O_EXCL : 0));
	return dev->fd < 0 ? -errno : 0;
}

int dev_open(const char *path, enum dev_mode mode, struct dev *ret_dev)
{
	struct dev dev = { .fd = -1, .writable = mode == DEV_WRITE };
	int rc = check_kind(path);

	if (rc)
		return rc;
	rc = open_as(path, mode, &dev);
	if (rc)
		return fail_sys(-rc, "cannot open %s", path);
	rc = size_of(dev.fd, path, &dev.size_bytes);
	if (rc) {
		(void)close(dev.fd);	/* nothing was written */
		return rc;
	}
	/* Only for messages: a cut name is good enough. */
	(void)snprintf(dev.name, sizeof(dev.name), "%s", path);
	*ret_dev = dev;
	return 0;
}

static int check_range(const struct dev *dev, const char *verb, uint64_t offset_bytes,
		       size_t len_bytes)
{
	if (dev->fd < 0)
		return fail(EBADF, "cannot %s %s: it is not open", verb, dev->name);
	if (offset_bytes > dev->size_bytes || len_bytes > dev->size_bytes - offset_bytes)
		return fail(EINVAL, "cannot %s %zu bytes at %" PRIu64 " of %s: it ends at %" PRIu64,
			    verb, len_bytes, offset_bytes, dev->name, dev->size_bytes);
	return 0;
}

static int cannot(int errnum, const char *verb, const struct dev *dev, uint64_t offset_bytes,
		  size_t len_bytes)
{
	return fail_sys(errnum, "cannot %s %zu bytes at %" PRIu64 " of %s", verb, len_bytes,
			offset_bytes, dev->name);
}

/*
 * Whole pieces into memory of our own: the kernel wants offset, length and memory aligned.  What it
 * reads short, at the end of a device or a file, is enough when what was asked for is in it.
 */
static int read_direct(const struct dev *dev, uint64_t offset_bytes, uint8_t *buf, size_t len_bytes)
{
	static _Alignas(DIRECT_BYTES) uint8_t bounce[BOUNCE_BYTES];

	for (size_t done = 0; done < len_bytes;) {
		uint64_t at = offset_bytes + done;
		size_t over = (size_t)(at % dev->direct_bytes), want = over + len_bytes - done;
		ssize_t got;

		want += (dev->direct_bytes - want % dev->direct_bytes) % dev->direct_bytes;
		if (want > BOUNCE_BYTES)
			want = BOUNCE_BYTES;
		got = pread(dev->fd, bounce, want, (off_t)(at - over));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got <= over)
			return cannot(got < 0 ? errno : EIO, "read", dev, offset_bytes, len_bytes);
		want = (size_t)got - over;
		if (want > len_bytes - done)
			want = len_bytes - done;
		memcpy(buf + done, bounce + over, want);
		done += want;
	}
	return 0;
}

int dev_read(const struct dev *dev, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	int rc = check_range(dev, "read", offset_bytes, len_bytes);

	if (rc)
		return rc;
	if (dev->direct_bytes)
		return read_direct(dev, offset_bytes, buf, len_bytes);
	for (size_t done = 0; done < len_bytes;) {
		ssize_t got = pread(dev->fd, (char *)buf + done, len_bytes - done,
				    (off_t)(offset_bytes + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return cannot(got ? errno : EIO, "read", dev, offset_bytes, len_bytes);
		done += (size_t)got;
	}
	return 0;
}

int dev_write(const struct dev *dev, uint64_t offset_bytes, const void *buf, size_t len_bytes)
{
	int rc = check_range(dev, "write", offset_bytes, len_bytes);

	if (rc)
		return rc;
	if (!dev->writable)
		return fail(EBADF, "cannot write %s: it was opened for reading", dev->name);
	for (size_t done = 0; done < len_bytes;) {
		ssize_t put = pwrite(dev->fd, (const char *)buf + done, len_bytes - done,
				     (off_t)(offset_bytes + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return cannot(put ? errno : EIO, "write", dev, offset_bytes, len_bytes);
		done += (size_t)put;
	}
	return 0;
}

/*
 * For a block device fsync writes its cached pages and flushes the disk's own cache.  It is never
 * repeated after an error: the kernel reports a lost page once, and a second fsync would say all is
 * well.
 */
int dev_flush(const struct dev *dev)
{
	if (dev->fd < 0)
		return fail(EBADF, "cannot flush %s: it is not open", dev->name);
	if (fsync(dev->fd) < 0)
		return fail_sys(errno, "cannot flush %s", dev->name);
	return 0;
}

int dev_drop_cache(const struct dev *dev)
{
	struct stat st;
	int rc;

	if (dev->fd < 0)
		return fail(EBADF, "cannot drop the cache of %s: it is not open", dev->name);
	rc = posix_fadvise(dev->fd, 0, 0, POSIX_FADV_DONTNEED);
	if (rc)
		return fail_sys(rc, "cannot drop the cache of %s", dev->name);
	if (fstat(dev->fd, &st) < 0)
		return fail_sys(errno, "cannot look at %s", dev->name);
	/* The advice passes over pages that are in use somewhere; this does not. */
	if (S_ISBLK(st.st_mode))
		rc = control(dev->fd, BLKFLSBUF, NULL);
	return rc ? fail_sys(-rc, "cannot drop the cache of %s", dev->name) : 0;
}

void dev_close(struct dev *dev)
{
	if (dev->fd >= 0)
		(void)close(dev->fd);	/* what was to last has been through dev_flush */
	dev->fd = -1;
}
