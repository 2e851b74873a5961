/* SPDX-License-Identifier: MIT */
/* What `bundle create` and `store` read.  Never writes to a file that has a name. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "cli/scratch.h"
#include "host/file.h"

#define INPUTS_MAX 28u	/* OLD, NEW and the result of eight volumes, and a boot image */

static struct input {
	struct stat st;
	char name[DEV_NAME_MAX];
} inputs[INPUTS_MAX];
static unsigned input_count;

static int note_input(int fd, const char *name)
{
	struct input *in = &inputs[input_count];

	if (input_count == INPUTS_MAX)
		return fail(E2BIG, "cannot read %s: more than %u files", name, INPUTS_MAX);
	if (fstat(fd, &in->st))
		return fail_sys(errno, "cannot look at %s", name);
	/* Only for messages: a cut name is good enough. */
	(void)snprintf(in->name, sizeof(in->name), "%s", name);
	input_count++;
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return S_ISREG(a->st_mode) && S_ISREG(b->st_mode) && a->st_dev == b->st_dev &&
	       a->st_ino == b->st_ino;
}

const char *file_is_input(const struct stat *st)
{
	for (unsigned i = 0; i < input_count; i++)
		if (is_same(&inputs[i].st, st))
			return inputs[i].name;
	return NULL;
}

static int open_noted(const char *path, struct dev *ret_dev)
{
	struct dev dev = DEV_CLOSED;
	struct stat st;
	bool is_device = !stat(path, &st) && S_ISBLK(st.st_mode);
	int rc = dev_open(path, is_device ? DEV_MEDIUM : DEV_READ, &dev);

	if (!rc)
		rc = note_input(dev.fd, path);
	if (rc) {
		dev_close(&dev);
		return rc;
	}
	*ret_dev = dev;
	return 0;
}

int file_open_image(const char *path, struct dev *ret_dev)
{
	if (!strcmp(path, "-"))
		return fail(EINVAL, "cannot read an image from standard input: it is read more "
			    "than once; give a file");
	return open_noted(path, ret_dev);
}

/* OLD and NEW are opened already. */
static int check_pair(const struct dev *old_image, const struct dev *new_image)
{
	if (!old_image->size_bytes || !new_image->size_bytes)
		return fail(EINVAL, "cannot compare images: %s is empty",
			    new_image->size_bytes ? old_image->name : new_image->name);
	return 0;
}

int file_open_pair(const char *old_path, const char *new_path, struct dev *ret_old,
		   struct dev *ret_new)
{
	struct dev old_image = DEV_CLOSED, new_image = DEV_CLOSED;
	int rc = file_open_image(old_path, &old_image);

	if (!rc)
		rc = file_open_image(new_path, &new_image);
	if (!rc)
		rc = check_pair(&old_image, &new_image);
	if (rc) {
		dev_close(&old_image);
		dev_close(&new_image);
		return rc;
	}
	*ret_old = old_image;
	*ret_new = new_image;
	return 0;
}

static int copy_input(struct dev *scratch)
{
	const struct cow_sink sink = scratch_sink(scratch);
	uint8_t piece[65536];
	ssize_t got;
	int rc;

	do {
		got = read(STDIN_FILENO, piece, sizeof(piece));
		if (got < 0 && errno != EINTR)
			return fail_sys(errno, "cannot read standard input");
		rc = got > 0 ? sink.write(sink.ctx, piece, (size_t)got) : 0;
	} while (got && !rc);
	return rc;
}

int file_open_input(const char *path, struct dev *ret_dev)
{
	struct dev dev = DEV_CLOSED;
	int rc;

	if (strcmp(path, "-"))
		return open_noted(path, ret_dev);
	rc = note_input(STDIN_FILENO, "standard input");
	if (!rc)
		rc = scratch_open(NULL, &dev);
	if (!rc)
		rc = copy_input(&dev);
	if (rc) {
		dev_close(&dev);
		return rc;
	}
	snprintf(dev.name, sizeof(dev.name), "standard input");
	*ret_dev = dev;
	return 0;
}
