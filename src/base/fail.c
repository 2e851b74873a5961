/* SPDX-License-Identifier: MIT */
/*
 * The line of the last failure, in a fixed buffer.  Must never fail itself: what does not fit is
 * cut.  Each line is made in a second buffer first, so that fail_text() may be an argument.
 */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char kept[FAIL_TEXT_MAX] = "no reason was given";

/* snprintf returns what it would have written; this is what it did write. */
static size_t written(int rc, size_t room_bytes)
{
	if (rc < 0)
		return 0;
	return (size_t)rc < room_bytes ? (size_t)rc : room_bytes - 1;
}

static void keep(const char *fmt, va_list args, const char *joint, const char *tail)
{
	char line[FAIL_TEXT_MAX] = "";
	size_t len = written(vsnprintf(line, sizeof(line), fmt, args), sizeof(line));

	/* A line that was cut still says something, and there is nobody to tell that it was. */
	(void)snprintf(line + len, sizeof(line) - len, "%s%s", joint, tail);
	memcpy(kept, line, sizeof(kept));
}

int fail(int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	keep(fmt, args, "", "");
	va_end(args);
	return -errnum;
}

int fail_sys(int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	keep(fmt, args, ": ", strerror(errnum));
	va_end(args);
	return -errnum;
}

int fail_in(int rc, const char *fmt, ...)
{
	char before[FAIL_TEXT_MAX];
	va_list args;

	memcpy(before, kept, sizeof(before));
	va_start(args, fmt);
	keep(fmt, args, ": ", before);
	va_end(args);
	return rc;
}

const char *fail_text(void)
{
	return kept;
}
