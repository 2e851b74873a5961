/* SPDX-License-Identifier: MIT */
/*
 * A bundle as a file, to be signed: whatever its format, its manifest becomes that of format 4, and it
 * can be written with other signatures.  Lines in base/fail.h leave out what it is for.
 */
#ifndef COWBOOT_HOST_BUNDLE_FILE_H
#define COWBOOT_HOST_BUNDLE_FILE_H

#include "bundle/trust.h"
#include "host/seal.h"
#include "storage/dev.h"

struct bundle_file {
	struct dev dev;
	struct bundle_manifest manifest;	/* of format 4 */
	char signatures[TRUST_SIGNATURES_MAX + 1];
	uint64_t payloads_at_bytes;
	bool was_in_blocks;
	struct seal seal;			/* counts when it was not */
};

/*
 * Opens and checks it, "-" being standard input.  The payloads of one that has no signatures are checked
 * too: what is signed from now on must not be damage.  bundle_file_close either way.
 */
int bundle_file_open(const char *path, struct bundle_file *ret_file);
void bundle_file_close(struct bundle_file *file);

/* Writes it with these signatures. */
int bundle_file_emit(struct bundle_file *file, const char *signatures, const struct cow_sink *sink);

#endif
