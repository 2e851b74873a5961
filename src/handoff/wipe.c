/* SPDX-License-Identifier: MIT */
/*
 * Deleting the initramfs' files.  Must never delete anything on a disk: the file-system type is
 * checked first, and no mount is crossed.  No heap: getdents64(2) into one buffer for each level.
 */
#define _GNU_SOURCE
#include "handoff/wipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define RAMFS_MAGIC 0x858458f6
#define TMPFS_MAGIC 0x01021994
#define DEPTH_MAX 12
#define PASSES_MAX 64

struct entry { /* struct linux_dirent64, getdents64(2) */
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static void wipe_below(int dirfd, dev_t dev, unsigned depth);

static void wipe_entry(int dirfd, const char *name, dev_t dev, unsigned depth)
{
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != dev)
		return;
	if (!S_ISDIR(st.st_mode)) {
		unlinkat(dirfd, name, 0);
		return;
	}
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	wipe_below(fd, dev, depth + 1);
	close(fd);
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

/*
 * Deleting while reading may skip entries, so read again from the start; mount points stay for
 * ever, hence the bound.
 */
static void wipe_below(int dirfd, dev_t dev, unsigned depth)
{
	_Alignas(struct entry) char buf[2048];

	if (depth > DEPTH_MAX)
		return;
	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		long len = syscall(SYS_getdents64, dirfd, buf, sizeof(buf));

		if (len <= 0)
			return;
		for (long at = 0; at < len;) {
			struct entry *e = (struct entry *)(buf + at);

			if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0)
				wipe_entry(dirfd, e->name, dev, depth);
			at += e->reclen;
		}
	}
}

int wipe_initramfs(int dirfd)
{
	struct statfs fs;
	struct stat st;
	int rc = 0;

	if (fstatfs(dirfd, &fs) < 0 || fstat(dirfd, &st) < 0)
		rc = -errno;
	else if ((unsigned long)fs.f_type != RAMFS_MAGIC && (unsigned long)fs.f_type != TMPFS_MAGIC)
		rc = -EINVAL;
	if (rc == 0)
		wipe_below(dirfd, st.st_dev, 0);
	close(dirfd);
	return rc;
}
