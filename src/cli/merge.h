/* SPDX-License-Identifier: MIT */
/* What `mark-good` and `merge` say of a merge that goes on. */
#ifndef COWBOOT_CLI_MERGE_H
#define COWBOOT_CLI_MERGE_H

#include "cli/board.h"
#include "update/transition.h"

/* update_merge, and its words. An exit code. */
int merge_run(struct world *w, bool wait);

#endif
