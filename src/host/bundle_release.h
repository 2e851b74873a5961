/* SPDX-License-Identifier: MIT */
/* The options of `bundle create` that put a bundle into an order: --release, --created, --expires. */
#ifndef COWBOOT_HOST_BUNDLE_RELEASE_H
#define COWBOOT_HOST_BUNDLE_RELEASE_H

#include "bundle/manifest.h"

struct release_words {
	const char *release, *created, *expires;	/* NULL: not given */
};

/* Puts them into manifest. An exit code, with its line printed. */
int bundle_take_release(const struct release_words *words, struct bundle_manifest *manifest);

#endif
