/* SPDX-License-Identifier: MIT */
/* The plan's and the facts' words, for the log, `status --explain` and the golden table. */
#ifndef COWBOOT_DECIDE_PLAN_H
#define COWBOOT_DECIDE_PLAN_H

#include "decide/decide.h"

const char *persist_name(enum plan_persist persist);	/* "nothing", "drop", "spend", … */
const char *map_name(enum plan_map map);		/* "nothing", "linear", "snapshot", "merge" */
const char *then_name(enum plan_then then);		/* "boot", "reboot", "recovery" */

#endif
