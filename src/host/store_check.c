/* SPDX-License-Identifier: MIT */
/* cowboot store check: whether a store may be mapped over an origin of that size (I5). */
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cli/cli.h"
#include "cli/scratch.h"
#include "host/file.h"
#include "host/store_verb.h"

static void print(const struct dev *store, const struct cow_found *found)
{
	uint64_t exact_bytes = cow_store_bytes(found->chunk_sectors, found->exceptions);

	printf("%s: %" PRIu64 " exceptions in %" PRIu64 " runs, %s, chunks of %" PRIu64 " bytes, ",
	       store->name, found->exceptions, found->runs,
	       found->ascending ? "ascending" : "not ascending",
	       (uint64_t)found->chunk_sectors * SECTOR_BYTES);
	if (store->size_bytes == exact_bytes)
		printf("%" PRIu64 " bytes, which is exact\n", store->size_bytes);
	else
		printf("%" PRIu64 " bytes, %" PRIu64 " would do\n", store->size_bytes, exact_bytes);
}

static void print_json(const struct dev *store, const struct cow_found *found)
{
	printf("{\"schema\":1,\"store_bytes\":%" PRIu64 ",\"chunk_sectors\":%" PRIu32
	       ",\"exceptions\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"ascending\":%s}\n",
	       store->size_bytes, found->chunk_sectors, found->exceptions, found->runs,
	       found->ascending ? "true" : "false");
}

int store_check_file(int argc, char **argv)
{
	const char *origin_word = NULL;
	bool json = false;
	const struct cli_option options[] = {
		{ "--origin-bytes", NULL, &origin_word }, { "--json", &json, NULL }, { 0 },
	};
	struct cow_found found;
	struct dev store;
	uint64_t origin_bytes;
	int rc = cli_options(&argc, argv, options);

	if (!rc && (argc != 2 || !origin_word))
		rc = cli_usage(argv[0], "store check needs --origin-bytes B and one STORE");
	if (!rc)
		rc = cli_number(argv[0], "--origin-bytes", origin_word, 1, INT64_MAX,
				&origin_bytes);
	if (rc)
		return rc;
	if (file_open_input(argv[1], &store))
		return cli_failed();
	rc = file_check_store(&store, origin_bytes, 0, &found);
	dev_close(&store);
	if (rc) {
		fail_in(rc, "cannot use store %s", store.name);
		return cli_failed();
	}
	if (json)
		print_json(&store, &found);
	else
		print(&store, &found);
	return cli_printed(EXIT_DONE);
}
