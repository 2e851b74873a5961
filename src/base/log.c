/* SPDX-License-Identifier: MIT */
/*
 * The log line: "PROGRAM: TEXT", one line each, whatever bytes the text had.  Must never fail, wait
 * or allocate: it is called from PID 1 when all else has gone wrong.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"

static void stderr_sink(enum log_level level, const char *line)
{
	(void)level;
	/* A log that cannot be written has no one to tell. */
	(void)fprintf(stderr, "%s\n", line);
}

static const char *log_program = "cowboot";
static log_sink *log_to = stderr_sink;
static enum log_level log_max = LOG_INFO;

void log_setup(const char *program, log_sink *sink, enum log_level max_level)
{
	log_program = program;
	log_to = sink ? sink : stderr_sink;
	log_max = max_level;
}

/* Names from disks and command lines end up here: they must not start lines of their own. */
static void blot_control_bytes(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = '?';
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LIMIT_LINE_BYTES];
	va_list args;
	int head;

	if (level > log_max)
		return;
	head = snprintf(line, sizeof(line), "%s: ", log_program);
	if (head < 0 || (size_t)head >= sizeof(line))
		head = 0;
	va_start(args, fmt);
	if (vsnprintf(line + head, sizeof(line) - (size_t)head, fmt, args) < 0)
		line[head] = '\0';
	va_end(args);
	blot_control_bytes(line);
	log_to(level, line);
}
