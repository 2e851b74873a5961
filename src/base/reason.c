/* SPDX-License-Identifier: MIT */
/* Reasons, their codes and sentences. Pure; the table is in the header. */
#include "base/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

static const struct {
	const char *code, *text;
} reasons[] = {
	{ NULL, "" },
#define REASON_ROW(name, code, text) { code, text },
	REASONS(REASON_ROW)
#undef REASON_ROW
};

/* What earlier versions wrote. */
static const struct {
	enum reason reason;
	const char *text;
} earlier[] = {
	{ REASON_INSTALL_CUT, "its install was cut" },
};

_Static_assert(ARRAY_SIZE(reasons) == REASON_COUNT, "every reason has a code");

const char *reason_code(enum reason reason)
{
	return (unsigned)reason < REASON_COUNT ? reasons[reason].code : NULL;
}

const char *reason_text(enum reason reason)
{
	return (unsigned)reason < REASON_COUNT ? reasons[reason].text : "";
}

/* Whether line is that sentence, and where its detail begins. */
static bool begins(const char *line, const char *text, const char **ret_detail)
{
	const size_t len_bytes = strlen(text);

	if (strncmp(line, text, len_bytes) != 0)
		return false;
	line += len_bytes;
	if (*line && strncmp(line, ": ", 2) != 0)
		return false;
	*ret_detail = *line ? line + 2 : line;
	return true;
}

/* Earlier versions named the volume in the sentence: "an image was put onto VOLUME in recovery". */
static bool put_onto(const char *line, const char **ret_detail)
{
	static const char begin[] = "an image was put onto ", end[] = " in recovery";
	const size_t len_bytes = strlen(line), parts_bytes = strlen(begin) + strlen(end);

	if (len_bytes <= parts_bytes || strncmp(line, begin, strlen(begin)) != 0 ||
	    strcmp(line + len_bytes - strlen(end), end) != 0)
		return false;
	*ret_detail = line + strlen(begin);
	return true;
}

enum reason reason_find(const char *line, const char **ret_detail)
{
	*ret_detail = "";
	for (unsigned r = REASON_NONE + 1; r < REASON_COUNT; r++)
		if (begins(line, reasons[r].text, ret_detail))
			return (enum reason)r;
	for (size_t i = 0; i < ARRAY_SIZE(earlier); i++)
		if (begins(line, earlier[i].text, ret_detail))
			return earlier[i].reason;
	return put_onto(line, ret_detail) ? REASON_IMAGE_PUT : REASON_NONE;
}
