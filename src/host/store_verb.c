/* SPDX-License-Identifier: MIT */
/*
 * cowboot store: write, measure, check and merge exception stores, without a kernel.  Never touches
 * a volume: images go in, files come out.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/fail.h"
#include "cli/cli.h"
#include "host/store_verb.h"
#include "cow/format.h"

static int store_size(int argc, char **argv)
{
	const char *chunk_word = NULL;
	const struct cli_option options[] = { { "--chunk-sectors", NULL, &chunk_word }, { 0 } };
	uint32_t chunk_sectors = COW_CHUNK_SECTORS_DEFAULT;
	uint64_t n, bytes;
	int rc = cli_options(&argc, argv, options);

	if (!rc && argc != 2)
		rc = cli_usage(argv[0], "store size needs one number of chunks");
	if (!rc)
		rc = cli_chunk_sectors(argv[0], chunk_word, &chunk_sectors);
	if (!rc)
		rc = cli_number(argv[0], "the number of chunks", argv[1], 0, UINT64_MAX, &n);
	if (rc)
		return rc;
	bytes = cow_store_bytes(chunk_sectors, n);
	if (!bytes)
		return cli_refuse(EXIT_FAILED, "cannot size a store for %" PRIu64 " chunks: no "
				  "disk is that large", n);
	printf("%" PRIu64 "\n", bytes);
	return cli_printed(EXIT_DONE);
}

int host_store(int argc, char **argv)
{
	static const struct cli_sub subs[] = {
		{ "create", store_create },
		{ "size", store_size },
		{ "check", store_check_file },
		{ "apply", store_apply },
		{ 0 },
	};

	return cli_sub(subs, argc, argv);
}
