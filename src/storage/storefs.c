/* SPDX-License-Identifier: MIT */
/*
 * Whether stores may lie on a file system.  Must never let one pass that moves blocks (only ext4
 * passes) or whose journal would be replayed over what device-mapper wrote (data=journal).
 *
 * /proc/mounts shows data=journal only where it was asked for by the mount; the default that stands
 * in a superblock shows in /proc/fs/ext4/DEVICE/options, which is there for ext4's driver alone.
 */
#include "storage/storefs.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/control.h"
#include "base/fail.h"
#include "base/sys.h"
#include "storage/storefile.h"

#define PATH_BYTES 256
#define OPTIONS_BYTES 4096
#define TOP_INODE 2	/* of every ext4 */

bool storefs_has_option(const char *options, const char *option)
{
	size_t len = strlen(option);

	while (*options) {
		size_t line_len = strcspn(options, "\n");

		if (line_len == len && memcmp(options, option, len) == 0)
			return true;
		options += line_len + (options[line_len] == '\n');
	}
	return false;
}

/* The kernel's name of the block device that fd is on: the last part of its link in sysfs. */
static int device_name(int fd, char *buf, size_t size_bytes)
{
	char path[64], target[PATH_BYTES];
	const char *name;
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(st.st_dev),
		       minor(st.st_dev));
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	name = strrchr(target, '/');
	if (!name || strlen(name + 1) >= size_bytes)
		return -ENAMETOOLONG;
	memcpy(buf, name + 1, strlen(name + 1) + 1);
	return 0;
}

static int check_options(const char *dir, int fd)
{
	char name[64], path[PATH_BYTES], options[OPTIONS_BYTES];
	int rc = device_name(fd, name, sizeof(name));

	if (rc)
		return fail_sys(ENOTSUP, "cannot tell what device %s is on", dir);
	(void)snprintf(path, sizeof(path), "/proc/fs/ext4/%s/options", name);
	rc = sys_read_file(path, options, sizeof(options), NULL);
	if (rc)
		return fail(ENOTSUP, "cannot keep stores on %s: its mount options cannot be read "
			    "from %s: %s", dir, path, strerror(-rc));
	if (storefs_has_option(options, "data=journal"))
		return fail(ENOTSUP, "cannot keep stores on %s: data=journal would write old "
			    "content over them; mount it with data=ordered", dir);
	return 0;
}

static int check_flags(const char *dir, int fd)
{
	int flags = 0, rc = control(fd, FS_IOC_GETFLAGS, &flags);

	if (rc)
		return fail_sys(-rc, "cannot read the flags of the folder %s", dir);
	if (flags & FS_JOURNAL_DATA_FL)
		return fail(ENOTSUP, "cannot keep stores on %s: its files' data goes through the "
			    "journal; clear that with chattr -j", dir);
	return 0;
}

/*
 * What is mounted there may be only a folder of the file system: the next boot would look for stores in
 * another.
 */
static int check_top(const char *dir, int fd)
{
	struct stat st;

	if (fstatat(fd, "..", &st, 0) < 0)
		return fail_sys(errno, "cannot look at the folder above %s", dir);
	if (st.st_ino != TOP_INODE)
		return fail(ENOTSUP, "cannot keep stores on %s: it is not in the topmost folder of "
			    "its file system; mount all of that", dir);
	return 0;
}

static int check(const char *dir, int fd)
{
	struct statfs fs;
	int rc;

	if (fstatfs(fd, &fs) < 0)
		return fail_sys(errno, "cannot look at %s", dir);
	if ((unsigned long)fs.f_type != EXT4_SUPER_MAGIC)
		return fail(ENOTSUP, "cannot keep stores on %s: it is not ext4", dir);
	rc = check_options(dir, fd);
	if (!rc)
		rc = check_flags(dir, fd);
	return rc ? rc : check_top(dir, fd);
}

int storefile_check_fs(const struct store_dir *dir)
{
	int fd, rc = storedir_open(dir, &fd);

	if (rc)
		return rc == -ENOENT ? fail_sys(ENOENT, "cannot open the folder %s", dir->path) : rc;
	rc = check(dir->path, fd);
	(void)close(fd);	/* only read */
	return rc;
}
