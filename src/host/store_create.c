/* SPDX-License-Identifier: MIT */
/* cowboot store create: the store that turns OLD into NEW, as a file. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/scratch.h"
#include "host/file.h"
#include "host/store_verb.h"

static void on_chunk(void *ctx, const uint8_t *old_data, size_t old_bytes, const uint8_t *new_data,
		     size_t new_bytes)
{
	(void)old_data;
	(void)old_bytes;
	(void)new_data;
	progress_add(ctx, new_bytes);
}

/* A store says nothing of the images' sizes; who applies it takes OLD's for NEW's. */
static int check_sizes(const struct dev *old_image, const struct dev *new_image)
{
	uint64_t old_bytes = old_image->size_bytes, new_bytes = new_image->size_bytes;

	if (old_bytes == new_bytes)
		return 0;
	return fail(EINVAL, "cannot create a store: %s is %s than %s (%" PRIu64 " and %" PRIu64
		    " bytes), which a store cannot tell; cowboot bundle create can",
		    new_image->name, new_bytes > old_bytes ? "larger" : "smaller",
		    old_image->name, new_bytes, old_bytes);
}

static int write_store(struct dev *old_image, struct dev *new_image, uint32_t chunk_sectors,
		       const char *path, struct cow_stats *ret_stats)
{
	struct cow_source old_source = file_source(old_image), new_source = file_source(new_image);
	struct progress progress;
	struct cow_sink sink;
	struct output out;
	int rc = output_open(path, &out);

	if (rc)
		return rc;
	sink = output_sink(&out);
	progress_begin(&progress, "comparing", "", new_image->size_bytes);
	rc = cow_write(&old_source, &new_source, chunk_sectors, &sink, on_chunk, &progress,
		       ret_stats);
	progress_end(&progress);
	if (rc) {
		output_drop(&out);
		return fail_in(rc, "cannot create a store");
	}
	return output_finish(&out);
}

int store_create(int argc, char **argv)
{
	const char *chunk_word = NULL, *path = NULL;
	const struct cli_option options[] = {
		{ "--chunk-sectors", NULL, &chunk_word }, { "-o", NULL, &path }, { 0 },
	};
	uint32_t chunk_sectors = COW_CHUNK_SECTORS_DEFAULT;
	struct dev old_image, new_image;
	struct cow_stats stats;
	int rc = cli_options(&argc, argv, options);

	if (!rc && (argc != 3 || !path))
		rc = cli_usage(argv[0], "store create needs OLD, NEW and -o STORE");
	if (!rc)
		rc = cli_chunk_sectors(argv[0], chunk_word, &chunk_sectors);
	if (rc)
		return rc;
	rc = file_open_pair(argv[1], argv[2], &old_image, &new_image);
	if (rc)
		return cli_failed();
	rc = check_sizes(&old_image, &new_image);
	if (!rc)
		rc = write_store(&old_image, &new_image, chunk_sectors, path, &stats);
	dev_close(&old_image);
	dev_close(&new_image);
	if (rc)
		return cli_failed();
	if (!strcmp(path, "-"))
		return EXIT_DONE;
	printf("%s: %" PRIu64 " exceptions in %" PRIu64 " runs, %" PRIu64 " bytes\n", path,
	       stats.exceptions, stats.runs, stats.store_bytes);
	return cli_printed(EXIT_DONE);
}
