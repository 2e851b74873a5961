/* SPDX-License-Identifier: MIT */
/*
 * Opening a disk or a file that is to be written over.  Must never open anything for writing that
 * somebody else has in use: the claim comes first, and is held for as long as anything is open.
 */
#include "storage/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "base/text.h"

/* The kernel's name of a block device, "vda3". */
static int name_of(const char *path, dev_t dev, char buf[BLOCK_NAME_MAX])
{
	char link[64], target[512];
	const char *last;
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return fail_sys(errno, "cannot tell what %s is", path);
	target[len] = '\0';
	last = strrchr(target, '/');
	return text_copy(buf, BLOCK_NAME_MAX, last ? last + 1 : target);
}

int spare_look(const char *path, bool *ret_is_file, char ret_name[BLOCK_NAME_MAX])
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_sys(errno, "cannot use %s", path);
	*ret_is_file = S_ISREG(st.st_mode);
	ret_name[0] = '\0';
	if (*ret_is_file)
		return 0;
	if (!S_ISBLK(st.st_mode))
		return fail(EINVAL, "cannot use %s: neither a block device nor a file", path);
	return name_of(path, st.st_rdev, ret_name);
}

int spare_make(const char *path, uint64_t size_bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc;

	if (fd < 0)
		return fail_sys(errno, "cannot make %s", path);
	rc = posix_fallocate(fd, 0, (off_t)size_bytes);
	(void)close(fd);	/* nothing was written */
	if (rc) {
		(void)unlink(path);	/* the failure is reported below */
		return fail_sys(rc, "cannot make %s", path);
	}
	return 0;
}

/* ---- In use ---- */

struct loop {
	const struct stat *file;
	bool found;
};

static int look_at_loop(void *ctx, const char *name)
{
	struct loop *l = ctx;
	char path[512], backing[4096];
	struct stat st;

	if (strncmp(name, "loop", 4) != 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", name);
	if (sys_read_file(path, backing, sizeof(backing), NULL) < 0)
		return 0;
	backing[strcspn(backing, "\n")] = '\0';
	l->found = stat(backing, &st) == 0 && st.st_dev == l->file->st_dev &&
		   st.st_ino == l->file->st_ino;
	return l->found;
}

static int check_unused(const char *path, struct spare *s)
{
	struct stat st;
	struct loop loop = { .file = &st };
	int rc;

	if (stat(path, &st) < 0)
		return fail_sys(errno, "cannot use %s", path);
	if (S_ISREG(st.st_mode)) {
		(void)sys_each_name("/sys/block", look_at_loop, &loop);	/* none without /sys */
		return loop.found ? fail(EBUSY, "cannot use %s: a loop device is over it", path) :
		       0;
	}
	rc = dev_open(path, DEV_ALONE, &s->alone);
	if (rc == -EBUSY)
		return fail(EBUSY, "cannot use %s: it is mounted, or in use otherwise", path);
	return rc;
}

/* ---- Opening and writing ---- */

static int open_direct(const char *path, int flags, bool *ret_is_direct)
{
	int fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC | flags);

	*ret_is_direct = fd >= 0;
	if (fd < 0 && errno == EINVAL)
		fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	return fd < 0 ? fail_sys(errno, "cannot open %s", path) : fd;
}

static int open_all(const char *path, struct spare *s)
{
	int rc = dev_open(path, DEV_WRITE, &s->dev);

	if (rc == 0)
		rc = dev_open(path, DEV_MEDIUM, &s->medium);
	if (rc < 0)
		return rc;
	s->direct_fd = open_direct(path, 0, &s->is_direct);
	if (s->direct_fd < 0)
		return s->direct_fd;
	s->durable_fd = open_direct(path, O_DSYNC, &s->is_direct);
	return s->durable_fd < 0 ? s->durable_fd : 0;
}

int spare_open(const char *path, struct spare *ret_spare)
{
	struct spare s = SPARE_CLOSED;
	int rc = check_unused(path, &s);

	if (rc == 0)
		rc = open_all(path, &s);
	*ret_spare = s;
	return rc;
}

void spare_close(struct spare *s)
{
	dev_close(&s->dev);
	dev_close(&s->medium);
	if (s->direct_fd >= 0)
		(void)close(s->direct_fd);	/* what was to last was flushed */
	if (s->durable_fd >= 0)
		(void)close(s->durable_fd);	/* its writes were durable */
	s->direct_fd = s->durable_fd = -1;
	dev_close(&s->alone);
}

int spare_write(const struct spare *s, bool durable, uint64_t offset_bytes, const void *data,
		size_t len_bytes)
{
	ssize_t put;

	do
		put = pwrite(durable ? s->durable_fd : s->direct_fd, data, len_bytes,
			     (off_t)offset_bytes);
	while (put < 0 && errno == EINTR);
	if (put != (ssize_t)len_bytes)
		return fail_sys(put < 0 ? errno : EIO, "cannot write %zu bytes at %" PRIu64 " of %s",
				len_bytes, offset_bytes, s->dev.name);
	return 0;
}
