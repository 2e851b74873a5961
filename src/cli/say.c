/* SPDX-License-Identifier: MIT */
/*
 * How the command tells what went wrong: one grammar, one line, and the exit code to go with it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "cli/cli.h"

#define LINE_BYTES_MAX 4096

/* "cowboot: TEXT"; what it quotes may be of a disk or a bundle, and must not drive the terminal. */
static void say(const char *fmt, va_list ap)
{
	char line[LINE_BYTES_MAX];

	if (vsnprintf(line, sizeof(line), fmt, ap) < 0)
		line[0] = '\0';
	text_blot(line);
	fprintf(stderr, "cowboot: %s", line);
}

int cli_usage(const char *verb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see cowboot %s%s--help\n", verb ? verb : "", verb ? " " : "");
	return EXIT_USAGE;
}

int cli_refuse(enum cli_exit exit_code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return (int)exit_code;
}

void cli_print(const char *fmt, ...)
{
	char line[LINE_BYTES_MAX];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(line, sizeof(line), fmt, ap) < 0)
		line[0] = '\0';
	va_end(ap);
	text_blot(line);
	fputs(line, stdout);
}

int cli_failed(void)
{
	return cli_refuse(EXIT_FAILED, "%s", fail_text());
}

_Static_assert((int)OUTCOME_DONE == (int)EXIT_DONE && (int)OUTCOME_FAILED == (int)EXIT_FAILED &&
		       (int)OUTCOME_NOTHING == (int)EXIT_NOTHING &&
		       (int)OUTCOME_PHASE == (int)EXIT_PHASE &&
		       (int)OUTCOME_REBOOT == (int)EXIT_REBOOT,
	       "a transition's end is the verb's exit code");

int cli_ended(enum outcome outcome)
{
	return cli_refuse((enum cli_exit)outcome, "%s", fail_text());
}

int cli_printed(enum cli_exit exit_code)
{
	if (fflush(stdout) || ferror(stdout))
		return cli_refuse(EXIT_FAILED, "cannot write standard output: %s", strerror(errno));
	return (int)exit_code;
}
