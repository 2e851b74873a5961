/* SPDX-License-Identifier: MIT */
/*
 * usage: fetch_over URL OLD OUT TRIES WAIT_MS STALL_S [HEADERS]
 *
 * What install reads of a bundle on a server, without a board: its only volume, over OLD where that is
 * full; OUT is its store.  Prints how many bytes came, of how many.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/log.h"
#include "bundle/fetch.h"

static int read_old(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	if (fseek(ctx, (long)offset_bytes, SEEK_SET) || fread(buf, 1, len_bytes, ctx) != len_bytes)
		return fail(EIO, "cannot read OLD");
	return 0;
}

static int write_out(void *ctx, const void *data, size_t len_bytes)
{
	return fwrite(data, 1, len_bytes, ctx) == len_bytes ? 0 : fail(EIO, "cannot write OUT");
}

static int take(struct fetch *fetch, struct bundle *b, FILE *old, FILE *out)
{
	const struct cow_source there = { read_old, old, UINT64_MAX };
	const struct cow_sink sink = { write_out, out };
	int rc = fetch_check_length(fetch, bundle_total_bytes(b));

	if (rc)
		return rc;
	bundle_may_skip(b, &fetch_seek);
	if (bundle_manifest(b)->volume[0].frame_bytes)
		rc = bundle_compare_next(b, &there);
	if (!rc)
		rc = bundle_volume_next(b, &there, &sink);
	return rc ? rc : bundle_end(b);
}

int main(int argc, char **argv)
{
	struct fetch *fetch = NULL;
	struct bundle *b = NULL;
	FILE *old = NULL, *out = NULL;
	int rc = -EINVAL;

	log_setup("fetch_over", NULL, LOG_NOTE);
	if (argc >= 7) {
		const struct fetch_options options = {
			argv[1], argv[7] ? argv[7] : "", 5, (unsigned)atoi(argv[6]),
			(unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]),
		};

		old = fopen(argv[2], "rb");
		out = fopen(argv[3], "wb");
		rc = fetch_open(&options, &fetch);
	}
	if (!rc)
		rc = bundle_open(fetch_read, fetch, NULL, &b);
	if (!rc)
		rc = take(fetch, b, old, out);
	if (rc)
		fprintf(stderr, "%s\n", fail_text());
	else
		printf("%" PRIu64 " of %" PRIu64 "\n", *fetch_fetched_bytes(fetch), bundle_total_bytes(b));
	bundle_close(b);
	fetch_close(fetch);
	if (old)
		fclose(old);
	if (out && fclose(out))
		rc = -EIO;
	return rc ? 1 : 0;
}
