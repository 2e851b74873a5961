/* SPDX-License-Identifier: MIT */
/*
 * cowboot bench-disk: what a disk's flushes and writes cost, and what it loses at a power cut that it
 * had confirmed.  Writes over what it is given: bench_target.c says what it refuses.
 */
#include <stdlib.h>

#include "base/fail.h"
#include "cli/bench.h"

#define SECONDS_DEFAULT 3u
#define SECONDS_MAX 600u
#define SIZE_MIB_MAX (1u << 20)

struct words {
	bool cuts, check;
	const char *size, *seconds, *confirmed;
};

static int check_words(const char *verb, int argc, const struct words *w,
		       const struct bench_options *o)
{
	if (argc != 2)
		return cli_usage(verb, "bench-disk needs one TARGET: a spare partition, or a file");
	if (w->cuts && w->check)
		return cli_usage(verb, "--cuts and --check exclude each other; --cuts judges first");
	if (!w->cuts && o->cut_command)
		return cli_usage(verb, "--cut is for --cuts");
	if (!w->cuts && !w->check && (o->log || w->confirmed || o->same_boot))
		return cli_usage(verb, "--log, --confirmed and --same-boot are for --cuts and --check");
	if (w->cuts && o->json)
		return cli_usage(verb, "--cuts has no --json; --check has");
	if ((w->cuts || w->check) && w->seconds)
		return cli_usage(verb, "--seconds is for measuring");
	return 0;
}

static int take_numbers(const char *verb, const struct words *w, struct bench_options *o)
{
	int rc = 0;

	o->seconds = SECONDS_DEFAULT;
	if (w->size)
		rc = cli_number(verb, "--size", w->size, 1, SIZE_MIB_MAX, &o->size_mib);
	if (!rc && w->seconds)
		rc = cli_number(verb, "--seconds", w->seconds, 1, SECONDS_MAX, &o->seconds);
	if (!rc && w->confirmed)
		rc = cli_number(verb, "--confirmed", w->confirmed, 1, INT64_MAX, &o->confirmed);
	return rc;
}

int cli_bench_disk(int argc, char **argv)
{
	struct bench_options o = { 0 };
	struct words w = { 0 };
	const struct cli_option options[] = {
		{ "--cuts", &w.cuts, NULL }, { "--check", &w.check, NULL },
		{ "--cut", NULL, &o.cut_command }, { "--log", NULL, &o.log },
		{ "--confirmed", NULL, &w.confirmed }, { "--same-boot", &o.same_boot, NULL },
		{ "--size", NULL, &w.size }, { "--seconds", NULL, &w.seconds },
		{ "--json", &o.json, NULL }, { "--force", &o.force, NULL }, { 0 },
	};
	struct bench_target target;
	int rc = cli_options(&argc, argv, options);

	if (!rc)
		rc = check_words(argv[0], argc, &w, &o);
	if (!rc)
		rc = take_numbers(argv[0], &w, &o);
	if (rc)
		return rc;
	o.path = argv[1];
	rc = bench_open(&o, !w.check, &target);
	if (!rc)
		rc = w.cuts ? bench_cuts(&target, &o) : w.check ? bench_check(&target, &o) :
		     bench_speed(&target, &o);
	bench_close(&target);
	return rc;
}
