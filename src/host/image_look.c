/* SPDX-License-Identifier: MIT */
/*
 * What shows on the build host that a trial could not be mounted on the board: an image that somebody
 * is writing to; OLD and NEW of different kinds; and what image_clean.c and image_loader.c look at.
 * Only reads.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "host/file.h"

static const struct {
	const char *name;
	uint64_t at_bytes;
	const char *magic;
	size_t magic_bytes;
} kinds[] = {
	{ "ext4", 1080, "\x53\xef", 2 },
	{ "squashfs", 0, "hsqs", 4 },
	{ "erofs", 1024, "\xe2\xe1\xf5\xe0", 4 },
	{ "btrfs", 65536 + 64, "_BHRfS_M", 8 },
	{ "f2fs", 1024, "\x10\x20\xf5\xf2", 4 },
	{ "xfs", 0, "XFSB", 4 },
};

const char *image_kind(const struct dev *image)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint8_t want[8] = { 0 };

		memcpy(want, kinds[i].magic, kinds[i].magic_bytes);
		if (image_number(image, kinds[i].at_bytes, kinds[i].magic_bytes) == get_le64(want))
			return kinds[i].name;
	}
	return NULL;
}

/* Whether the device is mounted, and its file system is being written to. */
static bool is_written(dev_t dev)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *list = fopen("/proc/self/mountinfo", "re");

	while (list && !found && getline(&line, &size, list) >= 0) {
		char source[4096], options[4096];
		unsigned major, minor;
		const char *rest = strstr(line, " - ");
		struct stat st;

		if (!rest || sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 ||
		    sscanf(rest, " - %*s %4095s %4095s", source, options) != 2 ||
		    (strncmp(options, "rw,", 3) && strcmp(options, "rw")))
			continue;
		/* btrfs has a number of its own there; its source is the device. */
		found = makedev(major, minor) == dev ||
			(source[0] == '/' && !stat(source, &st) && S_ISBLK(st.st_mode) &&
			 st.st_rdev == dev);
	}
	free(line);
	if (list)
		(void)fclose(list);	/* it was only read */
	return found;
}

/* The device number in the file DIR/loopN/dev, if that loop device stands over the file. */
static bool is_loop_over(const char *loop, const struct stat *file, dev_t *ret_dev)
{
	char path[512], backing[4096] = "";
	unsigned major = 0, minor = 0;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", loop);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(backing, sizeof(backing), f))
		backing[0] = '\0';
	(void)fclose(f);	/* it was only read, as is the next */
	backing[strcspn(backing, "\n")] = '\0';
	if (stat(backing, &st) || st.st_dev != file->st_dev || st.st_ino != file->st_ino)
		return false;
	snprintf(path, sizeof(path), "/sys/block/%s/dev", loop);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%u:%u", &major, &minor) != 2)
		major = minor = 0;
	(void)fclose(f);
	*ret_dev = makedev(major, minor);
	return true;
}

static bool is_in_use(const struct stat *st)
{
	DIR *dir = S_ISREG(st->st_mode) ? opendir("/sys/block") : NULL;
	const struct dirent *entry;
	bool found = false;
	dev_t loop;

	if (S_ISBLK(st->st_mode))
		return is_written(st->st_rdev);
	while (dir && !found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, "loop", 4) &&
			is_loop_over(entry->d_name, st, &loop) && is_written(loop);
	if (dir)
		(void)closedir(dir);
	return found;
}

int image_check_unmounted(const struct dev *image)
{
	struct stat st;

	if (!fstat(image->fd, &st) && is_in_use(&st))
		return fail(EBUSY, "cannot use %s: it is mounted and may change while it is read; "
			    "unmount it, or remount it read-only", image->name);
	return 0;
}

int image_look(const struct dev *old_image, const struct dev *new_image, bool other_kind,
	       bool loader_files)
{
	const char *old_kind = image_kind(old_image), *new_kind = image_kind(new_image);
	int rc = image_check_unmounted(old_image);

	if (!rc)
		rc = image_check_unmounted(new_image);
	if (!rc)
		rc = image_check_clean(new_image, new_kind);
	if (!rc && !other_kind && old_kind && new_kind && strcmp(old_kind, new_kind))
		return fail(EINVAL, "cannot compare images: %s is %s and %s is %s, and a board "
			    "mounts what its configuration says; if that changes with the kernel, "
			    "say --other-kind", old_image->name, old_kind, new_image->name,
			    new_kind);
	if (!rc && !loader_files)
		rc = image_check_loader(new_image, new_kind);
	return rc;
}
