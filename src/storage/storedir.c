/* SPDX-License-Identifier: MIT */
/*
 * The folder of the stores.  Must never lead to a file on another file system: its blocks, taken for
 * those of `data`, would be written over the user's files.
 */
#include "storage/storedir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/text.h"

#define MODE 0700

/* Opens the folder that it is in; ret_name is its own, within dir. */
static int open_above(const struct store_dir *dir, int *ret_fd, const char **ret_name)
{
	const char *last = strrchr(dir->path, '/');
	char above[STOREDIR_PATH_MAX];
	int fd;

	if (!last || last == dir->path)
		return fail(EINVAL, "cannot use the folder %s for stores", dir->path);
	memcpy(above, dir->path, (size_t)(last - dir->path));
	above[last - dir->path] = '\0';
	fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail_sys(errno, "cannot open the folder %s", above);
	*ret_fd = fd;
	*ret_name = last + 1;
	return 0;
}

/*
 * Before Linux 5.6 (no openat2) a mount is not refused here; storedir_open then sees that the device
 * differs.
 */
static int open_here(int above, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	int fd = (int)syscall(SYS_openat2, above, name, &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS)
		fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int is_link(int above, const char *name)
{
	struct stat st;

	return fstatat(above, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

static int refuse(const struct store_dir *dir, int above, const char *name, int rc)
{
	if (rc == -ENOENT)
		return -ENOENT;
	if (is_link(above, name))
		return fail(ELOOP, "%s is a symbolic link, and stores lie on data itself: remove it",
			    dir->path);
	if (rc == -EXDEV)
		return fail(EXDEV, "something else is mounted on %s, and stores lie on data itself: "
			    "unmount it", dir->path);
	return fail_sys(-rc, "cannot open the folder %s", dir->path);
}

int storedir_open(const struct store_dir *dir, int *ret_fd)
{
	struct place_folder found;
	const char *name;
	int above, fd, rc = open_above(dir, &above, &name);

	if (rc)
		return rc;
	fd = open_here(above, name);
	rc = fd < 0 ? refuse(dir, above, name, fd) : 0;
	(void)close(above);	/* only read */
	if (rc)
		return rc;
	rc = place_folder_of(fd, &found);
	if (!rc && !place_same_folder(&dir->folder, &found))
		rc = fail(EXDEV, "%s is another folder than the one that stores belong in", dir->path);
	if (rc) {
		(void)close(fd);	/* only read */
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int storedir_folder(const struct store_dir *dir, struct place_folder *ret_folder)
{
	int fd, rc = storedir_open(dir, &fd);

	if (rc)
		return rc == -ENOENT ? fail_sys(ENOENT, "cannot open the folder %s", dir->path) : rc;
	rc = place_folder_of(fd, ret_folder);
	(void)close(fd);	/* only read */
	return rc;
}

int storedir_make(const struct store_dir *dir)
{
	const char *name;
	int above, fd, rc = open_above(dir, &above, &name);

	if (rc)
		return rc == -ENOENT ? fail_sys(ENOENT, "cannot make %s", dir->path) : rc;
	if (mkdirat(above, name, MODE) < 0 && errno != EEXIST)
		rc = fail_sys(errno, "cannot make %s", dir->path);
	(void)close(above);	/* only read */
	if (!rc)
		rc = storedir_open(dir, &fd);
	if (!rc)
		(void)close(fd);	/* only read */
	return rc;
}
