/* SPDX-License-Identifier: MIT */
/*
 * The verbs within `cowboot bundle` that look at one, a file each; argv[0] is "bundle".  They return
 * exit codes.
 */
#ifndef COWBOOT_CLI_BUNDLE_VERB_H
#define COWBOOT_CLI_BUNDLE_VERB_H

#include "bundle/reader.h"
#include "cli/cli.h"

#define BUNDLE_HELP_LOOK \
	"  info [--json] [--header-file FILE] BUNDLE\n" \
	"                             show what a bundle says of itself\n" \
	"  verify [--key PUB ...] [--signatures M] [--header-file FILE] BUNDLE\n" \
	"                             check all of it: every digest, the stores' exceptions, and\n" \
	"                             with keys that M of them, or all, have signed it\n"

int bundle_info(int argc, char **argv);
int bundle_verify(int argc, char **argv);

/* Adds the public keys in these files; all of them have to sign. 0, or negative with its line. */
int bundle_take_keys(const struct cli_words *paths, struct trust *trust);

/* Takes each signature of a bundle, in its order; in itself nothing of it has been checked. */
typedef void bundle_signature_fn(void *ctx, const char *id, const struct minisign_sig *sig);
void bundle_each_signature(const struct bundle *bundle, bundle_signature_fn *take, void *ctx);

/* What to call path in messages. */
const char *bundle_path_name(const char *path);

#endif
