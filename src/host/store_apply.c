/* SPDX-License-Identifier: MIT */
/* cowboot store apply: the image that a merge of STORE into OLD would leave, as a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/scratch.h"
#include "host/file.h"
#include "host/store_verb.h"

/* An output that is counted. */
struct counted {
	struct output out;
	struct cow_sink sink;
	struct progress progress;
};

static int write_counted(void *ctx, const void *data, size_t len_bytes)
{
	struct counted *c = ctx;

	progress_add(&c->progress, len_bytes);
	return c->sink.write(c->sink.ctx, data, len_bytes);
}

static int apply(struct dev *old_image, struct dev *store, const char *path)
{
	struct cow_source origin = file_source(old_image), source = file_source(store);
	struct counted c;
	const struct cow_sink sink = { write_counted, &c };
	struct cow_found found;
	int rc = file_check_store(store, old_image->size_bytes, 0, &found);

	if (rc)
		return fail_in(rc, "cannot use store %s", store->name);
	rc = output_open(path, &c.out);
	if (rc)
		return rc;
	c.sink = output_sink(&c.out);
	progress_begin(&c.progress, "applying", "", old_image->size_bytes);
	rc = cow_apply(&origin, &source, old_image->size_bytes, &found, &sink);
	progress_end(&c.progress);
	if (rc) {
		output_drop(&c.out);
		return fail_in(rc, "cannot apply %s", store->name);
	}
	return output_finish(&c.out);
}

int store_apply(int argc, char **argv)
{
	const char *path = NULL;
	const struct cli_option options[] = { { "-o", NULL, &path }, { 0 } };
	struct dev old_image = DEV_CLOSED, store = DEV_CLOSED;
	int rc = cli_options(&argc, argv, options);

	if (!rc && (argc != 3 || !path))
		rc = cli_usage(argv[0], "store apply needs OLD, STORE and -o NEW");
	if (rc)
		return rc;
	rc = file_open_image(argv[1], &old_image);
	if (!rc)
		rc = file_open_input(argv[2], &store);
	if (!rc)
		rc = apply(&old_image, &store, path);
	dev_close(&old_image);
	dev_close(&store);
	if (rc)
		return cli_failed();
	if (!strcmp(path, "-"))
		return EXIT_DONE;
	printf("%s: %" PRIu64 " bytes\n", path, old_image.size_bytes);
	return cli_printed(EXIT_DONE);
}
