/* SPDX-License-Identifier: MIT */
/*
 * Listing a stick.  A list that is too long is sorted before it is cut; how many were cut off is told,
 * and these can still be typed by name.
 */
#include "recovery/files.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/sys.h"

#define DIR_BYTES 128

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

unsigned files_rank(enum files_kind kind, const char *name)
{
	static const char *const images[] = { ".img", ".image", ".raw", ".bin", ".rootfs", ".ext4",
					      ".squashfs", ".sqfs", ".erofs", ".btrfs", ".f2fs" };

	if (kind == FILES_BUNDLE)
		return !ends_with(name, ".bundle");
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (ends_with(name, images[i]))
			return 0;
	return 1;
}

bool files_has(const char *dir, const char *name)
{
	char path[DIR_BYTES + FILES_NAME_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, name);

	return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < FILES_NAME_MAX &&
	       len > 0 && (size_t)len < sizeof(path) && sys_is_file(path);
}

static bool comes_before(enum files_kind kind, const char *a, const char *b)
{
	const unsigned rank_a = files_rank(kind, a), rank_b = files_rank(kind, b);

	return rank_a != rank_b ? rank_a < rank_b : strcmp(a, b) < 0;
}

/* Puts name in its place; the last one falls out where all places are taken. */
static void insert(struct files *files, enum files_kind kind, const char *name)
{
	unsigned at = 0, behind;

	while (at < files->count && comes_before(kind, files->name[at], name))
		at++;
	if (files->count == FILES_SHOWN_MAX)
		files->more++;
	else
		files->count++;
	if (at == FILES_SHOWN_MAX)
		return;
	behind = files->count - at - 1;
	memmove(files->name[at + 1], files->name[at], behind * sizeof(files->name[0]));
	strcpy(files->name[at], name);
}

/* A stick on which bundles are looked for shows nothing else if it has one. */
static void drop_others(struct files *files)
{
	unsigned kept = 0;

	while (kept < files->count && files_rank(FILES_BUNDLE, files->name[kept]) == 0)
		kept++;
	if (!kept)
		return;
	if (kept < files->count)
		files->more = 0; /* what was cut off is no bundle either */
	files->count = kept;
}

struct listing {
	const char *dir;
	enum files_kind kind;
	struct files *files;
};

static int list_one(void *ctx, const char *name)
{
	const struct listing *listing = ctx;

	if (files_has(listing->dir, name))
		insert(listing->files, listing->kind, name);
	return 0;
}

void files_list(const char *dir, enum files_kind kind, struct files *ret_files)
{
	struct listing listing = { dir, kind, ret_files };

	ret_files->count = ret_files->more = 0;
	(void)sys_each_name(dir, list_one, &listing);	/* what was read of it is there */
	if (kind == FILES_BUNDLE)
		drop_others(ret_files);
}
