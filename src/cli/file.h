/* SPDX-License-Identifier: MIT */
/*
 * The files that `bundle` and `store` work on: images and stores to read, results that appear whole
 * or not at all, scratch space without a name.  Lines in base/fail.h name the file.
 */
#ifndef COWBOOT_CLI_FILE_H
#define COWBOOT_CLI_FILE_H

#include "cow/write.h"
#include "storage/dev.h"

/* Opens a file or block device that is read at any offset; "-" is refused, a pipe has none. */
int file_open_image(const char *path, struct dev *ret_dev);

/* The same, but "-" is standard input, copied to scratch space first. */
int file_open_input(const char *path, struct dev *ret_dev);

/*
 * Opens OLD and NEW of one volume.  Refuses sizes that differ, nothing, and half sectors (-EINVAL).
 * On failure neither is open.
 */
int file_open_pair(const char *old_path, const char *new_path, struct dev *ret_old,
		   struct dev *ret_new);

/*
 * Checks a store against an origin of that size, whatever the order of its list; cow_check's
 * result.  chunk_sectors 0: what the header says.
 */
int file_check_store(struct dev *store, uint64_t origin_bytes, uint32_t chunk_sectors,
		     struct cow_found *ret_found);

/* Reads dev as a cow_source. source->ctx is dev, which must stay. */
struct cow_source file_source(struct dev *dev);

/*
 * Scratch space: an unnamed file in dir, or in $TMPDIR or /tmp when dir is NULL. What is written to
 * scratch_sink is appended, and may be read with dev_read. Gone with dev_close.
 */
int scratch_open(const char *dir, struct dev *ret_dev);
struct cow_sink scratch_sink(struct dev *dev);

/* One result file. Signals that end the program remove what is not finished. */
struct output {
	int fd;
	const char *path;	/* "-": standard output */
	char temp[4096];	/* what path is called until it is finished */
};

/* The directory of a result's path, for scratch space beside it; NULL for "-". To be freed. */
char *output_dir(const char *path);

/* Whether path may be written: no terminal, and nothing that is there and no regular file. */
int output_check(const char *path);

/* Checks and begins path. One at a time. */
int output_open(const char *path, struct output *ret_output);
struct cow_sink output_sink(struct output *output);

/* Makes it durable and gives it its name. After a failure nothing is left, and drop is not due. */
int output_finish(struct output *output);

/* Removes what was written; path is as it was. */
void output_drop(struct output *output);

#endif
