/* SPDX-License-Identifier: MIT */
/* Files under tests/golden/conf/. */
#ifndef TEST_CONF_GOLDEN_H
#define TEST_CONF_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "conf/conf.h"

#define GOLDEN_MAX 65536

/* The whole file; a buffer of its own for each of the two last. */
static inline char *golden(const char *name)
{
	static char buf[2][GOLDEN_MAX];
	static int turn;
	char path[128];

	turn ^= 1;
	(void)snprintf(path, sizeof(path), "tests/golden/conf/%s", name);
	if (sys_read_file(path, buf[turn], GOLDEN_MAX, NULL)) {
		(void)fprintf(stderr, "cannot read %s\n", path);
		abort();
	}
	return buf[turn];
}

static inline char *golden_printed(const struct conf *conf)
{
	static char buf[2][8192];
	static int turn;

	turn ^= 1;
	if (conf_print(conf, buf[turn], sizeof(buf[turn])))
		abort();
	return buf[turn];
}

/* The next line of *cursor without its newline, or NULL. */
static inline char *golden_line(char **cursor)
{
	char *line = *cursor;
	size_t len = strcspn(line, "\n");

	if (!*line)
		return NULL;
	*cursor = line + len + (line[len] == '\n');
	line[len] = '\0';
	return line;
}

#endif
