/* SPDX-License-Identifier: MIT */
/* --release, --created and --expires.  No clock is asked: the same options give the same bytes. */
#include "host/bundle_release.h"

#include "base/release.h"
#include "cli/cli.h"

static int take_day(const char *option, const char *word, uint32_t *ret_day)
{
	if (word && day_parse(word, ret_day))
		return cli_usage("bundle", "%s '%s' is not a day, YYYY-MM-DD", option, word);
	return EXIT_DONE;
}

int bundle_take_release(const struct release_words *words, struct bundle_manifest *manifest)
{
	int rc;

	if (!words->release && (words->created || words->expires))
		return cli_usage("bundle", "%s needs --release", words->created ? "--created" : "--expires");
	if (words->release && release_parse(words->release, &manifest->release))
		return cli_usage("bundle", "--release '%s' is not EPOCH.NUMBER, two numbers up to 4294967295",
				 words->release);
	rc = take_day("--created", words->created, &manifest->created_day);
	if (!rc)
		rc = take_day("--expires", words->expires, &manifest->expires_day);
	if (!rc && manifest->expires_day && manifest->expires_day < manifest->created_day)
		rc = cli_usage("bundle", "--expires %s is before --created %s", words->expires, words->created);
	return rc;
}
