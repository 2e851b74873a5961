/* SPDX-License-Identifier: MIT */
/*
 * cowboot bundle verify: all that can be known of a bundle without the board: every length and
 * digest, each store as init would check it (I5), and who of those that are named has signed it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/release.h"
#include "base/progress.h"
#include "bundle/full.h"
#include "cli/bundle_verb.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/scratch.h"

/* Scratch space that is watched while it fills. */
struct filling {
	struct dev scratch;
	struct cow_sink sink;
	struct bundle *bundle;
	struct progress *progress;
};

static int fill(void *ctx, const void *data, size_t len_bytes)
{
	struct filling *f = ctx;

	progress_set(f->progress, bundle_done_bytes(f->bundle));
	return f->sink.write(f->sink.ctx, data, len_bytes);
}

/* The unpacked store against what the manifest says of it. */
static int check_store(struct dev *store, const struct bundle_volume *volume,
		       struct cow_found *ret_found)
{
	int rc = file_check_store(store, volume->image_bytes, volume->chunk_sectors, ret_found);

	if (!rc && ret_found->exceptions != volume->exceptions)
		rc = fail(EBADMSG, "it holds %" PRIu64 " exceptions, the manifest says %" PRIu64,
			  ret_found->exceptions, volume->exceptions);
	if (!rc && !ret_found->ascending)
		rc = fail(EBADMSG, "its exceptions do not ascend");
	return rc ? fail_in(rc, "the store of volume %s", volume->name) : 0;
}

static int verify_volume(struct bundle *bundle, const struct bundle_volume *volume,
			 struct progress *progress, struct cow_found *ret_found)
{
	struct filling f = { .scratch = DEV_CLOSED, .bundle = bundle, .progress = progress };
	const struct cow_sink sink = { fill, &f };
	int rc = scratch_open(NULL, &f.scratch);

	if (rc)
		return rc;
	f.sink = scratch_sink(&f.scratch);
	rc = bundle_volume_next(bundle, NULL, &sink);
	if (!rc)
		rc = check_store(&f.scratch, volume, ret_found);
	dev_close(&f.scratch);
	return rc;
}

/* Unpacked to nowhere: its digest is all there is to know of it. */
struct digesting {
	struct digest digest;
	struct bundle *bundle;
	struct progress *progress;
};

static int take_digest(void *ctx, const void *data, size_t len_bytes)
{
	struct digesting *d = ctx;

	progress_set(d->progress, bundle_done_bytes(d->bundle));
	digest_add(&d->digest, data, len_bytes);
	return 0;
}

static int verify_image(struct bundle *bundle, int (*next)(struct bundle *, const struct cow_sink *),
			const uint8_t expect[DIGEST_BYTES], const char *name, struct progress *progress)
{
	struct digesting d = { .bundle = bundle, .progress = progress };
	const struct cow_sink sink = { take_digest, &d };
	uint8_t sum[DIGEST_BYTES];
	int rc;

	digest_begin(&d.digest);
	rc = next(bundle, &sink);
	if (rc)
		return rc;
	digest_end(&d.digest, sum);
	return memcmp(sum, expect, sizeof(sum)) ?
	       fail(EBADMSG, "the %s image is not the one its manifest promises", name) : 0;
}

static int verify(struct bundle *bundle, struct cow_found *found)
{
	const struct bundle_manifest *m = bundle_manifest(bundle);
	struct progress progress;
	int rc = 0;

	progress_begin(&progress, "verifying", "", bundle_total_bytes(bundle));
	for (unsigned v = 0; v < m->volume_count && m->volume[v].frame_bytes && !rc; v++)
		rc = bundle_compare_next(bundle, NULL);
	if (!rc && m->boot.image_bytes)
		rc = verify_image(bundle, bundle_boot_next, m->boot.image_digest, "boot", &progress);
	for (unsigned v = 0; v < m->volume_count && !rc; v++)
		rc = m->volume[v].frame_bytes ?
		     verify_image(bundle, bundle_image_next, m->volume[v].new_digest, m->volume[v].name,
				  &progress) :
		     verify_volume(bundle, &m->volume[v], &progress, &found[v]);
	progress_end(&progress);
	return rc ? rc : bundle_end(bundle);
}

struct signers {
	const struct bundle *bundle;
	const struct trust *trust;
};

/* Who of those in trust has signed it, and what they say. */
static void print_signer(void *ctx, const char *id, const struct minisign_sig *sig)
{
	const struct signers *s = ctx;

	if (trust_signer(s->trust, sig, bundle_signed_hash(s->bundle)))
		cli_print("signed by %s: %s\n", id, sig->comment);
	else
		cli_print("signature by %s: not one of the keys given\n", id);
}

static void print(const struct bundle *bundle, const struct trust *trust, const struct cow_found *found,
		  const char *name)
{
	const struct bundle_manifest *m = bundle_manifest(bundle);
	struct signers signers = { bundle, trust };
	char release[RELEASE_TEXT_MAX];

	bundle_each_signature(bundle, print_signer, &signers);
	if (m->boot.image_bytes)
		printf("boot: %" PRIu64 " bytes, sound\n", m->boot.image_bytes);
	for (unsigned v = 0; v < m->volume_count; v++) {
		if (m->volume[v].frame_bytes) {
			printf("%s: %" PRIu64 " bytes in %" PRIu64 " frames, sound\n", m->volume[v].name,
			       m->volume[v].image_bytes, full_frames(&m->volume[v]));
			continue;
		}
		printf("%s: %" PRIu64 " exceptions in %" PRIu64 " runs, sound%s\n", m->volume[v].name,
		       found[v].exceptions, found[v].runs, m->volume[v].delta_bytes ?
		       "; its data is a delta, which the old image is needed for" : "");
	}
	release_text(m->release, release);
	cli_print("%s: sound, version %s%s%s\n", name, m->version_to, m->release ? ", release " : "",
		  m->release ? release : "");
}

static int take_arguments(int *argc, char **argv, struct trust *trust, const char **ret_header_file)
{
	const char *needed = NULL;
	const struct cli_option options[] = {
		{ "--signatures", NULL, &needed }, { "--header-file", NULL, ret_header_file }, { 0 },
	};
	struct cli_words keys;
	uint64_t number;
	int rc = cli_repeated(argc, argv, "--key", &keys);

	if (!rc)
		rc = cli_options(argc, argv, options);
	if (!rc && *argc != 2)
		rc = cli_usage(argv[0], "bundle verify needs one BUNDLE");
	if (!rc && bundle_take_keys(&keys, trust))
		rc = cli_failed();
	if (rc || !needed)
		return rc;
	if (!trust->count)
		return cli_usage(argv[0], "--signatures needs --key");
	number = trust->count;
	rc = cli_number(argv[0], "--signatures", needed, 1, trust->count, &number);
	trust->needed = (unsigned)number;
	return rc;
}

int bundle_verify(int argc, char **argv)
{
	static struct input input;
	struct cow_found found[BUNDLE_VOLUMES_MAX];
	struct trust trust = { 0 };
	struct bundle *bundle = NULL;
	const char *header_file = NULL;
	int rc = take_arguments(&argc, argv, &trust, &header_file);

	if (rc)
		return rc;
	rc = input_open(&input, argv[1], header_file);
	if (!rc)
		rc = input_bundle(&input, &trust, &bundle);
	if (!rc) {
		if (input.fetch)	/* in few pieces */
			input_may_skip(&input, bundle);
		rc = verify(bundle, found);
	}
	if (!rc)
		print(bundle, &trust, found, input.name);
	bundle_close(bundle);
	input_close(&input);
	if (rc) {
		fail_in(rc, "cannot verify %s", input.name);
		return cli_failed();
	}
	return cli_printed(EXIT_DONE);
}
