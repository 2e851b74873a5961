/* SPDX-License-Identifier: MIT */
/*
 * cowboot image update: the image of a new system out of that of the old one, so that a file that did not
 * change keeps its blocks, and only the others become part of the update.  OLD is only read.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/progress.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "host/file.h"
#include "host/image_sync.h"
#include "host/image_verb.h"

#define PIECE_BYTES (64u * 1024)

/* File systems that can be written to; fuse2fs knows the first. */
static const char *const kinds[] = { "ext4", "btrfs", "f2fs", "xfs" };

static int check_kind(const struct dev *image, const char *kind, bool fuse)
{
	for (size_t i = 0; kind && i < (fuse ? 1 : ARRAY_SIZE(kinds)); i++)
		if (!strcmp(kind, kinds[i]))
			return 0;
	if (!kind)
		return fail(EINVAL, "cannot update %s: it has no file system that is known here", image->name);
	if (!strcmp(kind, "squashfs") || !strcmp(kind, "erofs"))
		return fail(EINVAL, "cannot update %s: %s is made as a whole; make the new image with its own "
			    "tool, and bundle create takes that", image->name, kind);
	return fail(EINVAL, "cannot update %s: fuse2fs writes ext4, and it is %s; run this as root", image->name,
		    kind);
}

/* An empty one is a mount that was forgotten, and would delete everything. */
static int check_tree(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned count = 0;

	if (!dir)
		return fail_sys(errno, "cannot read %s", path);
	while (count < 3 && (entry = readdir(dir)))
		count++;
	(void)closedir(dir);	/* it was only read */
	return count < 3 ? fail(EINVAL, "cannot use %s: there is nothing in it", path) : 0;
}

/* What is zeros becomes a hole. */
static int copy_image(const struct dev *image, struct output *out)
{
	static uint8_t piece[PIECE_BYTES];
	struct progress progress;
	int rc = 0;

	if (!ioctl(out->fd, FICLONE, image->fd))
		return 0;
	progress_begin(&progress, "copying", "", image->size_bytes);
	for (uint64_t at = 0; !rc && at < image->size_bytes;) {
		uint64_t left = image->size_bytes - at;
		size_t len = left < sizeof(piece) ? (size_t)left : sizeof(piece);

		rc = dev_read(image, at, piece, len);
		if (!rc && !bytes_are_zero(piece, len) &&
		    (lseek(out->fd, (off_t)at, SEEK_SET) < 0 || (rc = sys_write(out->fd, piece, len))))
			rc = fail_sys(rc ? -rc : errno, "cannot write %s", out->path);
		at += len;
		progress_add(&progress, len);
	}
	progress_end(&progress);
	if (!rc && ftruncate(out->fd, (off_t)image->size_bytes))
		rc = fail_sys(errno, "cannot write %s", out->path);
	return rc;
}

/* A hole is filled when something is written there, and a disk that is full then spoils the image. */
static int check_room(const struct dev *image, const struct output *out)
{
	struct statvfs fs;
	struct stat st;
	uint64_t there, room;

	if (fstat(out->fd, &st) || fstatvfs(out->fd, &fs))
		return fail_sys(errno, "cannot write %s", out->path);
	there = (uint64_t)st.st_blocks * 512;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (there >= image->size_bytes || room >= image->size_bytes - there)
		return 0;
	return fail(ENOSPC, "cannot write %s: it may take %" PRIu64 " MiB more, and its disk has %" PRIu64 " MiB",
		    out->path, (image->size_bytes - there) >> 20, room >> 20);
}

static int make(const struct dev *image, const char *path, struct image_sync *sync, int *ret_signal)
{
	struct output out;
	int rc = output_open(path, &out);

	if (rc)
		return rc;
	sync->image = out.temp;
	rc = copy_image(image, &out);
	if (!rc)
		rc = check_room(image, &out);
	if (!rc)
		rc = image_sync_run(sync, ret_signal);
	if (rc) {
		output_drop(&out);
		return rc;
	}
	return output_finish(&out);
}

static int update(struct dev *image, const char *path, struct image_sync *sync, int *ret_signal)
{
	int rc = image_check_unmounted(image);

	sync->kind = image_kind(image);
	if (!rc)
		rc = check_kind(image, sync->kind, sync->fuse);
	if (!rc)
		rc = image_check_clean(image, sync->kind);
	if (!rc)
		rc = check_tree(sync->tree);
	if (!rc)
		rc = output_check(path);
	if (!rc)
		rc = image_sync_check(sync);
	return rc ? rc : make(image, path, sync, ret_signal);
}

static int image_update(int argc, char **argv)
{
	const char *path = NULL;
	bool fuse = false;
	const struct cli_option options[] = { { "-o", NULL, &path }, { "--fuse", &fuse, NULL }, { 0 } };
	struct dev image = DEV_CLOSED;
	struct image_sync sync;
	int rc = cli_options(&argc, argv, options), signal_number = 0;

	if (!rc && (argc != 3 || !path))
		rc = cli_usage(argv[0], "image update needs OLD, TREE and -o NEW");
	if (!rc && !strcmp(path, "-"))
		rc = cli_usage(argv[0], "image update writes a file, not standard output");
	if (rc)
		return rc;
	sync = (struct image_sync){ .name = argv[1], .tree = argv[2], .fuse = fuse || !sys_is_root() };
	rc = file_open_image(argv[1], &image);
	if (!rc)
		rc = update(&image, path, &sync, &signal_number);
	dev_close(&image);
	if (signal_number) {
		(void)signal(signal_number, SIG_DFL);	/* which ends this program */
		(void)raise(signal_number);
	}
	if (rc)
		return cli_failed();
	printf("%s: %" PRIu64 " bytes\n", path, image.size_bytes);
	return cli_printed(EXIT_DONE);
}

int host_image(int argc, char **argv)
{
	static const struct cli_sub subs[] = { { "update", image_update }, { 0 } };

	return cli_sub(subs, argc, argv);
}
