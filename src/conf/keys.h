/* SPDX-License-Identifier: MIT */
/* The keys of the configuration file, and what each of them takes.  Pure; for conf/parse.c. */
#ifndef COWBOOT_CONF_KEYS_H
#define COWBOOT_CONF_KEYS_H

#include <stdbool.h>

#include "conf/check.h"
#include "conf/conf.h"

/* What has been read so far, and the line that is read now. */
struct parsing {
	struct conf conf;
	struct conf_lines lines;
	unsigned line;
	unsigned given;		/* values on it */
	bool printed;		/* by conf_print, perhaps that of another version */
};

/* take: puts the values of a line into conf. -EINVAL, with the reason in base/fail.h. */
struct conf_key {
	const char *name;
	int (*take)(struct parsing *p, char *const *words);
	unsigned values_min, values_max;
	bool repeated;		/* may stand on several lines */
	const char *usage;
};

#define CONF_KEYS 31

extern const struct conf_key conf_keys[CONF_KEYS];

#endif
