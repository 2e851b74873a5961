/* SPDX-License-Identifier: MIT */
/* What `bundle create` says when it is done. */
#ifndef COWBOOT_HOST_BUNDLE_TOLD_H
#define COWBOOT_HOST_BUNDLE_TOLD_H

#include "host/bundle_images.h"

/* What was made; and that nothing was, since nothing differs. The latter is an exit code. */
void bundle_tell(const struct bundle_manifest *m, const struct bundle_images *images, const char *path);
int bundle_tell_nothing(const struct bundle_manifest *m);

#endif
