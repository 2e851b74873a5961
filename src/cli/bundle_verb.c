/* SPDX-License-Identifier: MIT */
/* What the verbs that look at a bundle share: keys and signatures. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "cli/bundle_verb.h"

const char *bundle_path_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

int bundle_take_keys(const struct cli_words *paths, struct trust *trust)
{
	for (unsigned i = 0; i < paths->count; i++) {
		char text[1024];
		size_t len;
		int rc = sys_read_file(paths->word[i], text, sizeof(text), &len);

		if (rc && rc != -EFBIG)
			return fail_sys(-rc, "cannot read key %s", paths->word[i]);
		rc = trust_add(trust, text, len);
		if (rc)
			return fail_in(rc, "cannot use key %s", paths->word[i]);
	}
	trust->needed = trust->count;
	return 0;
}

void bundle_each_signature(const struct bundle *bundle, bundle_signature_fn *take, void *ctx)
{
	size_t len;
	const char *cursor = bundle_signatures(bundle, &len), *end = cursor + len;
	struct minisign_sig sig;

	while (minisign_sig_next(&cursor, end, &sig) == 1) {
		char id[MINISIGN_ID_TEXT_MAX];

		minisign_id_text(sig.id, id);
		take(ctx, id, &sig);
	}
}
