/* SPDX-License-Identifier: MIT */
/*
 * The images of a bundle.  A bundle's NEW is what the board has afterwards, byte for byte: whoever has
 * blocks left out of it has to say where that other image goes, because the next update is made from it.
 */
#include "host/bundle_images.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/free_blocks.h"

#define PATH_BYTES 4096
#define WORTH_PART 8	/* free blocks are told of when they are an eighth of what changed */

/*
 * Cuts NAME=OLD:NEW[:RESULT], or of a full bundle NAME=NEW.  ret_old is NULL then.  An exit code, with its
 * line printed.
 */
static int cut(const struct bundle_images *images, char *word, struct bundle_image *ret_image, char **ret_old,
	       char **ret_new)
{
	char *equals = strchr(word, '='), *colon = equals ? strchr(equals, ':') : NULL;
	char *second = colon ? strchr(colon + 1, ':') : NULL;

	if (images->full && (!equals || !equals[1]))
		return cli_usage("bundle", "'%s' is not NAME=NEW", word);
	if (!images->full && (!colon || colon == equals + 1 || !colon[1] || second == colon + 1 ||
			      (second && (!second[1] || strchr(second + 1, ':')))))
		return cli_usage("bundle", "'%s' is not NAME=OLD:NEW[:RESULT]", word);
	if (equals - word >= BUNDLE_NAME_MAX || strlen(word) > PATH_BYTES)
		return cli_usage("bundle", "'%s' is too long", word);
	*ret_image = (struct bundle_image){ .old_image = DEV_CLOSED, .new_image = DEV_CLOSED };
	memcpy(ret_image->name, word, (size_t)(equals - word));
	*ret_old = images->full ? NULL : equals + 1;
	*ret_new = images->full ? equals + 1 : colon + 1;
	if (images->full)
		return EXIT_DONE;
	*colon = '\0';
	if (second) {
		*second = '\0';
		ret_image->result = second + 1;
	}
	return EXIT_DONE;
}

/* Opens the images that a word names, looks at them and adds them. An exit code, with its line printed. */
static int open_volume(struct bundle_images *images, char *word)
{
	struct bundle_image *image = &images->volume[images->count];
	char *old_path = NULL, *new_path = NULL;
	int rc = cut(images, word, image, &old_path, &new_path);

	if (rc)
		return rc;
	if (!text_is_name(image->name))
		return cli_usage("bundle", "'%s' is no name for a volume: a-z, 0-9, - and _", image->name);
	for (unsigned v = 0; v < images->count; v++)
		if (!strcmp(images->volume[v].name, image->name))
			return cli_usage("bundle", "volume %s is given twice", image->name);
	if (images->full ? file_open_image(new_path, &image->new_image) :
			   file_open_pair(old_path, new_path, &image->old_image, &image->new_image))
		return cli_failed();
	images->count++;
	if (images->full && !image->new_image.size_bytes)
		return cli_refuse(EXIT_FAILED, "cannot use %s: it is empty", new_path);
	if (image_look(images->full ? &image->new_image : &image->old_image, &image->new_image,
		       images->other_kind, images->loader_files))
		return cli_failed();
	return EXIT_DONE;
}

int bundle_images_open(struct bundle_images *images, int count, char **words)
{
	if (count > (int)BUNDLE_VOLUMES_MAX)
		return cli_usage("bundle", "a bundle holds at most %u volumes", BUNDLE_VOLUMES_MAX);
	for (int i = 0; i < count; i++) {
		int rc = open_volume(images, words[i]);

		if (rc)
			return rc;
	}
	return EXIT_DONE;
}

/* The free blocks of NEW, and how many bytes of them are not as OLD has them. */
static int find_free(const struct bundle_image *image, struct free_blocks *ret_blocks, uint64_t *ret_bytes)
{
	const char *kind = image_kind(&image->new_image);
	uint64_t count = 0;
	int rc;

	*ret_blocks = (struct free_blocks){ 0 };
	if (!kind || strcmp(kind, "ext4"))
		return fail(ENOTSUP, "it is no ext4");
	rc = free_blocks_find(&image->new_image, ret_blocks);
	if (!rc)
		rc = free_blocks_count(ret_blocks, &image->old_image, &image->new_image, &count);
	*ret_bytes = count * ret_blocks->block_bytes;
	return rc;
}

static int settle(struct bundle_image *image)
{
	struct free_blocks blocks;
	int rc = find_free(image, &blocks, &image->left_bytes);

	if (rc)
		rc = fail_in(rc, "cannot leave out free blocks of %s", image->new_image.name);
	else
		rc = free_blocks_write(&blocks, &image->old_image, &image->new_image, image->result);
	free_blocks_drop(&blocks);
	if (rc)
		return rc;
	image->is_written = true;
	dev_close(&image->new_image);
	return file_open_image(image->result, &image->new_image);
}

int bundle_images_settle(struct bundle_images *images)
{
	int rc = 0;

	for (unsigned v = 0; v < images->count && !rc; v++)
		if (images->volume[v].result)
			rc = settle(&images->volume[v]);
	return rc;
}

void bundle_images_print(const struct bundle_image *image, const struct bundle_volume *volume)
{
	struct free_blocks blocks;
	uint64_t bytes = 0, changed = volume->exceptions * volume->chunk_sectors * SECTOR_BYTES;

	if (image->result) {
		cli_print("%s: %" PRIu64 " bytes of free blocks left out; the board will have %s, and the next "
			  "update is made from that\n", image->name, image->left_bytes, image->result);
		return;
	}
	/* What cannot be left out need not be told, nor why. */
	if (!find_free(image, &blocks, &bytes) && bytes && bytes >= changed / WORTH_PART)
		cli_print("%s: %" PRIu64 " bytes of that are free blocks; %s=OLD:NEW:RESULT leaves them out\n",
			  image->name, bytes, image->name);
	free_blocks_drop(&blocks);
}

void bundle_images_close(struct bundle_images *images, bool keep_results)
{
	for (unsigned v = 0; v < images->count; v++) {
		struct bundle_image *image = &images->volume[v];

		if (image->is_written && !keep_results)
			(void)unlink(image->result);	/* a failure is being told already */
		dev_close(&image->old_image);
		dev_close(&image->new_image);
	}
}
