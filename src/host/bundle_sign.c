/* SPDX-License-Identifier: MIT */
/*
 * cowboot bundle sign, manifest, attach: signatures for a bundle that is there, made here or apart.  What
 * is signed is the manifest as format 4 has it; of a bundle that is not signed yet it is made, and is the
 * same each time.
 */
#include "host/bundle_sign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/sys.h"
#include "cli/bundle_verb.h"
#include "host/bundle_file.h"
#include "host/file.h"
#include "host/signers.h"

/* Static for their size. */
static struct bundle_file file;
static struct signers signers;
static struct output out;

struct call {
	const char *path, *out_path;
	struct cli_words keys;
	char **signatures;		/* of attach; NULL ends them */
};

/* operands: at least so many; more are signatures. */
static int take_arguments(int argc, char **argv, const char *usage, int operands, struct call *call)
{
	const struct cli_option options[] = { { "-o", NULL, &call->out_path }, { 0 } };
	int rc = cli_repeated(&argc, argv, "--key", &call->keys);

	if (!rc)
		rc = cli_options(&argc, argv, options);
	if (rc)
		return rc;
	if (!call->out_path || argc <= operands || (operands == 1 && argc != 2))
		return cli_usage(argv[0], "bundle %s", usage);
	call->path = argv[1];
	call->signatures = argv + 2;
	return 0;
}

/* Reads the bundle, then opens its output, which then cannot be the bundle. */
static int open_both(const struct call *call)
{
	int rc = bundle_file_open(call->path, &file);

	return rc ? rc : output_open(call->out_path, &out);
}

/* What was begun ends here: the output appears, or not. An exit code. */
static int end(const struct call *call, const char *verb, int rc, bool is_open)
{
	if (!rc)
		rc = output_finish(&out);
	else if (is_open)
		output_drop(&out);
	bundle_file_close(&file);
	if (!rc)
		return EXIT_DONE;
	fail_in(rc, "cannot %s %s", verb, bundle_path_name(call->path));
	return cli_failed();
}

int bundle_sign(int argc, char **argv)
{
	struct call call = { 0 };
	struct cow_sink sink = output_sink(&out);
	bool is_open;
	int rc = take_arguments(argc, argv, "sign needs --key SECRET, -o OUT and one BUNDLE", 1, &call);

	if (!rc && !call.keys.count)
		rc = cli_usage(argv[0], "bundle sign needs --key SECRET");
	if (rc)
		return rc;
	rc = signers_load(&call.keys, &signers);
	if (rc) {
		signers_wipe(&signers);
		return cli_failed();
	}
	rc = open_both(&call);
	is_open = !rc;
	if (!rc)
		rc = signers_sign(&signers, &file.manifest, file.signatures);
	if (!rc)
		rc = bundle_file_emit(&file, file.signatures, &sink);
	rc = end(&call, "sign", rc, is_open);
	if (!rc && strcmp(call.out_path, "-"))
		signers_print(&signers);
	signers_wipe(&signers);
	return rc ? rc : cli_printed(EXIT_DONE);
}

int bundle_manifest_out(int argc, char **argv)
{
	struct call call = { 0 };
	struct cow_sink sink = output_sink(&out);
	char text[BUNDLE_MANIFEST_MAX];
	bool is_open;
	size_t len;
	int rc = take_arguments(argc, argv, "manifest needs -o OUT and one BUNDLE", 1, &call);

	if (rc)
		return rc;
	if (call.keys.count)
		return cli_usage(argv[0], "unknown option '--key'");
	rc = open_both(&call);
	is_open = !rc;
	if (!rc)
		rc = manifest_print(&file.manifest, text, sizeof(text), &len);
	if (!rc)
		rc = sink.write(sink.ctx, text, len);
	return end(&call, "take the manifest of", rc, is_open);
}

static int take_signatures(char **paths)
{
	for (; *paths; paths++) {
		static char text[TRUST_SIGNATURES_MAX];
		size_t len;
		int rc = sys_read_file(*paths, text, sizeof(text), &len);

		if (rc)
			return fail_sys(-rc, "cannot read %s", *paths);
		rc = len ? signatures_append(file.signatures, text, len) : fail(EBADMSG, "it is empty");
		if (rc)
			return fail_in(rc, "%s", *paths);
	}
	return 0;
}

/* With keys: what is attached is looked at here, and not only on the board. */
static int check(const struct cli_words *keys)
{
	struct trust trust = { 0 };
	uint8_t hash[MINISIGN_HASH_BYTES];
	int rc = bundle_take_keys(keys, &trust);

	if (!rc)
		rc = signers_hash(&file.manifest, hash);
	return rc ? rc : trust_check(&trust, file.signatures, strlen(file.signatures), hash);
}

int bundle_attach(int argc, char **argv)
{
	struct call call = { 0 };
	struct cow_sink sink = output_sink(&out);
	bool is_open;
	int rc = take_arguments(argc, argv, "attach needs -o OUT, BUNDLE and SIGNATURE", 2, &call);

	if (rc)
		return rc;
	rc = open_both(&call);
	is_open = !rc;
	if (!rc)
		rc = take_signatures(call.signatures);
	if (!rc)
		rc = check(&call.keys);
	if (!rc)
		rc = bundle_file_emit(&file, file.signatures, &sink);
	return end(&call, "attach to", rc, is_open);
}
