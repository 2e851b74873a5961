/* SPDX-License-Identifier: MIT */
/*
 * What no single line of the configuration shows: lines that are missing, or contradict each other.
 * Pure.
 */
#ifndef COWBOOT_CONF_CHECK_H
#define COWBOOT_CONF_CHECK_H

#include "conf/conf.h"

/* The line each thing stood on; 0: nowhere. */
struct conf_lines {
	unsigned board, meta, data, store, boot, esp;
	unsigned volume[CONF_VOLUMES_MAX];	/* as conf->volume[] */
};

/*
 * Whether all is there that no board can be without. Both functions: -EINVAL, the line and the reason
 * in base/fail.h.
 */
int conf_check_parts(const struct conf *conf, const struct conf_lines *lines);

/* Whether no two lines contradict each other. */
int conf_check(const struct conf *conf, const struct conf_lines *lines);

/* Puts the volumes in the order in which they are mounted. */
void conf_sort(struct conf *conf);

#endif
