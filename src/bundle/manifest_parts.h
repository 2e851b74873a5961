/* SPDX-License-Identifier: MIT */
/* What reading and printing a manifest share, and nobody else: manifest.c, manifest_print.c. */
#ifndef COWBOOT_BUNDLE_MANIFEST_PARTS_H
#define COWBOOT_BUNDLE_MANIFEST_PARTS_H

#include "bundle/manifest.h"

/* What a payload's digest is called: of all of it, or of its first block. */
const char *manifest_payload_key(const struct bundle_manifest *m);
const char *manifest_boot_payload_key(const struct bundle_manifest *m);

#endif
