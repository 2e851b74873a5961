/* SPDX-License-Identifier: MIT */
/*
 * cowboot bundle create: from OLD and NEW images to a bundle.  What is given is checked before any
 * image is compared; the bundle appears whole or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/scratch.h"
#include "host/bundle_create.h"
#include "host/bundle_images.h"
#include "host/bundle_release.h"
#include "host/bundle_told.h"
#include "host/delta_pack.h"
#include "host/file.h"
#include "host/full_pack.h"
#include "host/seal.h"
#include "host/signers.h"
#include "host/writer.h"

struct create {
	const char *path;
	int level, delta_level;
	uint32_t chunk_sectors;
	bool delta;			/* volumes may be told by the old ones */
	struct full_indexes indexes;
	struct bundle_manifest manifest;
	const char *boot_path;		/* NULL: no boot image */
	struct dev boot;
	struct bundle_images images;
	struct signers signers;		/* none: it is not signed */
	struct progress progress;
};

static int take_word(const char *option, const char *word, char *buf, size_t size_bytes)
{
	if (!word)
		return 0;
	if (!bundle_word_ok(word, size_bytes) || text_copy(buf, size_bytes, word))
		return cli_usage("bundle", "%s '%s' is not 1 to %zu printable ASCII characters "
				 "without blanks", option, word, size_bytes - 1);
	return 0;
}

static int take_arguments(struct create *c, int argc, char **argv)
{
	const char *version = NULL, *from = NULL, *board = NULL, *chunk = NULL, *level = NULL;
	struct release_words words = { 0 };
	const struct cli_option options[] = {
		{ "-o", NULL, &c->path }, { "--version", NULL, &version },
		{ "--release", NULL, &words.release }, { "--created", NULL, &words.created },
		{ "--expires", NULL, &words.expires },
		{ "--from", NULL, &from }, { "--board", NULL, &board },
		{ "--chunk-sectors", NULL, &chunk }, { "--level", NULL, &level },
		{ "--boot", NULL, &c->boot_path },
		{ "--other-kind", &c->images.other_kind, NULL },
		{ "--loader-files", &c->images.loader_files, NULL }, { "--delta", &c->delta, NULL },
		{ "--full", &c->images.full, NULL }, { 0 },
	};
	struct bundle_manifest *m = &c->manifest;
	uint64_t level_value = BUNDLE_LEVEL_DEFAULT;
	struct cli_words keys;
	int rc = cli_repeated(&argc, argv, "--key", &keys);

	if (!rc)
		rc = cli_options(&argc, argv, options);
	if (!rc && (!c->path || !version || argc < 2))
		rc = cli_usage(argv[0], "bundle create needs -o OUT, --version V and NAME=OLD:NEW");
	if (!rc && c->images.full && (c->delta || from))
		rc = cli_usage(argv[0], "--full leads from any system: not with --delta or --from");
	if (rc || (rc = take_word("--version", version, m->version_to, sizeof(m->version_to))) ||
	    (rc = take_word("--from", from, m->version_from, sizeof(m->version_from))) ||
	    (rc = take_word("--board", board, m->board, sizeof(m->board))) ||
	    (rc = bundle_take_release(&words, m)) ||
	    (rc = cli_chunk_sectors(argv[0], chunk, &c->chunk_sectors)) ||
	    (level && (rc = cli_number(argv[0], "--level", level, 1, BUNDLE_LEVEL_MAX,
				       &level_value))))
		return rc;
	c->level = (int)level_value;
	c->delta_level = level ? c->level : BUNDLE_LEVEL_MAX;
	if (signers_load(&keys, &c->signers))
		return cli_failed();
	if (c->boot_path && file_open_image(c->boot_path, &c->boot))
		return cli_failed();
	return bundle_images_open(&c->images, argc - 1, argv + 1);
}

static void tell(void *ctx, uint64_t more_bytes)
{
	progress_add(ctx, more_bytes);
}

static int pack(struct create *c, struct dev *scratch)
{
	const struct cow_sink payloads = scratch_sink(scratch);
	struct bundle_packing packing = {
		.level = c->level, .delta_level = c->delta_level, .payloads = &payloads,
		.progress = tell, .progress_ctx = &c->progress,
	};
	uint64_t image_bytes = 0, boot_bytes = c->boot_path ? c->boot.size_bytes : 0;
	int rc = 0;

	for (unsigned v = 0; v < c->images.count; v++) {
		packing.all_bytes += c->images.volume[v].new_image.size_bytes;
		image_bytes += c->images.volume[v].old_image.size_bytes;
	}
	image_bytes = c->images.full ? packing.all_bytes : 2 * (image_bytes + packing.all_bytes);
	progress_begin(&c->progress, "packing", "", image_bytes + boot_bytes);
	if (c->boot_path) {
		const struct cow_source boot = file_source(&c->boot);

		rc = bundle_pack_boot(&packing, &boot, &c->manifest);
	}
	for (unsigned v = 0; v < c->images.count && !rc; v++) {
		struct bundle_image *image = &c->images.volume[v];
		struct bundle_input input = {
			.name = image->name, .chunk_sectors = c->chunk_sectors,
			.old_image = file_source(&image->old_image),	/* full_pack looks at none */
			.new_image = file_source(&image->new_image),
		};

		rc = c->images.full ? full_pack(&packing, &input, &c->manifest, &c->indexes) :
		     (c->delta ? delta_pack : bundle_pack)(&packing, &input, &c->manifest);
	}
	progress_end(&c->progress);
	return rc;
}

/* NEW's own bytes are OLD's, of every volume; NEW may end before OLD does. */
static bool nothing_differs(const struct bundle_manifest *m)
{
	for (unsigned v = 0; v < m->volume_count; v++)
		if (m->volume[v].exceptions || m->volume[v].frame_bytes)
			return false;
	return !m->boot.image_bytes;
}

static int emit_sealed(struct create *c, const struct cow_source *payloads, const struct cow_sink *sink)
{
	static char signatures[TRUST_SIGNATURES_MAX + 1];
	struct seal seal;
	int rc = seal_make(&c->manifest, payloads, &seal);

	if (!rc)
		rc = signers_sign(&c->signers, &c->manifest, signatures);
	if (!rc)
		rc = seal_emit(&seal, &c->manifest, signatures, payloads, sink);
	seal_free(&seal);
	return rc;
}

static int emit(struct create *c, struct dev *scratch, const struct cow_sink *sink)
{
	const struct cow_source payloads = file_source(scratch);
	struct full_payloads both = { &c->indexes, &payloads };
	const struct cow_source all = full_source(&both);

	return c->signers.count || manifest_format(&c->manifest) >= BUNDLE_FORMAT_DELTA ?
	       emit_sealed(c, &all, sink) : bundle_emit(&c->manifest, &payloads, sink);
}

/* Packs into the scratch file, and writes the bundle unless there is nothing to write. */
static int pack_and_emit(struct create *c, struct dev *scratch, struct output *out)
{
	const struct cow_sink sink = output_sink(out);
	int rc = pack(c, scratch);

	if (!rc && !nothing_differs(&c->manifest))
		rc = emit(c, scratch, &sink);
	if (rc || nothing_differs(&c->manifest)) {
		output_drop(out);
		return rc;
	}
	return output_finish(out);
}

/* The output is opened first: where it cannot be written is said before the long work. */
static int create(struct create *c)
{
	struct dev scratch = DEV_CLOSED;
	struct output out;
	char *dir = output_dir(c->path);
	int rc = output_check(c->path);

	if (!rc && bundle_images_settle(&c->images)) {
		free(dir);
		return cli_failed();
	}
	if (!rc)
		rc = output_open(c->path, &out);
	if (!rc && scratch_open(dir, &scratch)) {
		output_drop(&out);
		rc = -EIO;
	}
	free(dir);
	if (!rc)
		rc = pack_and_emit(c, &scratch, &out);
	dev_close(&scratch);
	if (rc) {
		fail_in(rc, "cannot create %s", strcmp(c->path, "-") ? c->path : "the bundle");
		return cli_failed();
	}
	if (nothing_differs(&c->manifest))
		return bundle_tell_nothing(&c->manifest);
	if (!strcmp(c->path, "-"))
		return EXIT_DONE;
	bundle_tell(&c->manifest, &c->images, c->path);
	signers_print(&c->signers);
	return cli_printed(EXIT_DONE);
}

int bundle_create(int argc, char **argv)
{
	/* Static for its size. */
	static struct create c = { .chunk_sectors = COW_CHUNK_SECTORS_DEFAULT,
				   .boot = DEV_CLOSED };
	int rc = take_arguments(&c, argc, argv);

	if (!rc)
		rc = create(&c);
	signers_wipe(&c.signers);
	full_indexes_free(&c.indexes);
	dev_close(&c.boot);
	bundle_images_close(&c.images, rc == EXIT_DONE);
	return rc;
}
