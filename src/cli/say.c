/* SPDX-License-Identifier: MIT */
/*
 * How the command tells what went wrong: one grammar, one line, and the exit code to go with it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "cli/cli.h"

int cli_usage(const char *verb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("cowboot: ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "; see cowboot %s%s--help\n", verb ? verb : "", verb ? " " : "");
	va_end(ap);
	return EXIT_USAGE;
}

int cli_refuse(enum cli_exit exit_code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("cowboot: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return (int)exit_code;
}

int cli_failed(void)
{
	return cli_refuse(EXIT_FAILED, "%s", fail_text());
}

int cli_printed(enum cli_exit exit_code)
{
	if (fflush(stdout) || ferror(stdout))
		return cli_refuse(EXIT_FAILED, "cannot write standard output: %s", strerror(errno));
	return (int)exit_code;
}
