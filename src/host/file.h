/* SPDX-License-Identifier: MIT */
/*
 * The files that `bundle create` and `store` work on: images and stores to read, results that appear
 * whole or not at all.  Lines in base/fail.h name the file.
 */
#ifndef COWBOOT_HOST_FILE_H
#define COWBOOT_HOST_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cow/write.h"
#include "storage/dev.h"

/*
 * Opens a file or block device that is read at any offset; "-" is refused, a pipe has none.  A
 * device is read past its cache, which a file system that is mounted there has changed.  What is
 * opened is noted: no output may be the same file (output_check).
 */
int file_open_image(const char *path, struct dev *ret_dev);

/* The same, but "-" is standard input, copied to scratch space first. */
int file_open_input(const char *path, struct dev *ret_dev);

/* Whether this is a file or device that was opened as an input, under whatever name; NULL: no. */
const char *file_is_input(const struct stat *st);

/*
 * Opens OLD and NEW of one volume.  Refuses an empty one (-EINVAL).  On failure neither is open.
 */
int file_open_pair(const char *old_path, const char *new_path, struct dev *ret_old,
		   struct dev *ret_new);

/*
 * Refuses what no board can use or nobody can mean: a NEW whose journal was not played back, either
 * image mounted and being written to; and, unless they are allowed, file systems of different kinds
 * and a NEW with files of a boot loader.
 */
int image_look(const struct dev *old_image, const struct dev *new_image, bool other_kind,
	       bool loader_files);

/* The file system in an image, as mount(8) calls it; NULL: none that is known here. */
const char *image_kind(const struct dev *image);

/* -EBUSY: it is mounted, itself or through a loop device, and being written to. */
int image_check_unmounted(const struct dev *image);

/*
 * Refuses an image with what a boot loader that searches partitions would take, if kind is one that
 * can be looked into here: ext4, squashfs and erofs, each with its own tool.  kind may be NULL.
 */
int image_check_loader(const struct dev *image, const char *kind);

/* Refuses an image whose file system needs its log played back. kind may be NULL. */
int image_check_clean(const struct dev *image, const char *kind);

/* The number of up to 8 bytes there, little-endian; zeros where the image ends before. */
uint64_t image_number(const struct dev *image, uint64_t at_bytes, size_t len_bytes);

/* One result file. Signals that end the program remove what is not finished. */
struct output {
	int fd;
	const char *path;	/* "-": standard output */
	char temp[4096];	/* what path is called until it is finished */
};

/* The directory of a result's path, for scratch space beside it; NULL for "-". To be freed. */
char *output_dir(const char *path);

/*
 * Whether path may be written: no terminal, nothing that is there and no regular file, and none of
 * the inputs, which are opened before.
 */
int output_check(const char *path);

/* Checks and begins path. One at a time. */
int output_open(const char *path, struct output *ret_output);
struct cow_sink output_sink(struct output *output);

/*
 * Makes it durable and gives it its name. After a failure nothing is left, and output_drop need not be
 * called.
 */
int output_finish(struct output *output);

/* Removes what was written; path is as it was. */
void output_drop(struct output *output);

#endif
