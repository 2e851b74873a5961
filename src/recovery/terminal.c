/* SPDX-License-Identifier: MIT */
/* Lines from a person.  Reads with read(2): what is typed ahead stays for the program after us. */
#include "recovery/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"

#define PAGE_LINES 22
#define PAGE_LINE_BYTES 1024
#define ENDS_MAX 3	/* so many Ctrl-D: nobody is there */

/* One line; -EPIPE at an end. A terminal in its usual mode gives a line at a time. */
static int read_line(char *buf, size_t size_bytes)
{
	size_t len = 0;
	char c;

	for (;;) {
		const ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 && !len)
			return -EPIPE;
		if (got <= 0)
			break;
		if (c == '\n' || c == '\r')
			break;
		if (len + 1 < size_bytes)
			buf[len++] = c;
	}
	buf[len] = 0;
	return 0;
}

static void trim(char *buf)
{
	size_t from = strspn(buf, " \t"), len;

	memmove(buf, buf + from, strlen(buf + from) + 1);
	for (len = strlen(buf); len && strchr(" \t", buf[len - 1]); len--)
		buf[len - 1] = 0;
}

int terminal_ask(const char *prompt, char *buf, size_t size_bytes)
{
	for (unsigned ends = 0; ends < ENDS_MAX; ends++) {
		fputs(prompt, stdout);
		(void)fflush(stdout);	/* a terminal that is gone shows at the read */
		if (!read_line(buf, size_bytes)) {
			trim(buf);
			return 0;
		}
		putchar('\n');
	}
	return -EPIPE;
}

int terminal_secret(const char *prompt, char *buf, size_t size_bytes)
{
	struct termios old, quiet;
	const bool hidden = tcgetattr(STDIN_FILENO, &old) == 0;
	int rc;

	if (hidden) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	rc = terminal_ask(prompt, buf, size_bytes);
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
		putchar('\n');
	}
	return rc;
}

void terminal_pause(void)
{
	char line[8];

	/* If nobody is there any more, the next question notices. */
	(void)terminal_ask("Enter goes on: ", line, sizeof(line));
}

/* Where the last lines of text begin. */
static const char *last_lines(const char *text, unsigned lines)
{
	const char *at = text + strlen(text);

	if (at > text && at[-1] == '\n')
		at--;
	while (at > text) {
		if (at[-1] == '\n' && --lines == 0)
			break;
		at--;
	}
	return at;
}

void terminal_page(const char *text, unsigned lines)
{
	char answer[8], line[PAGE_LINE_BYTES];
	unsigned shown = 0;

	for (const char *at = lines ? last_lines(text, lines) : text; *at;) {
		const size_t len = strcspn(at, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1),
			 at);
		text_blot(line);
		puts(line);
		at += len + (at[len] != 0);
		if (++shown % PAGE_LINES || !*at)
			continue;
		if (terminal_ask("-- Enter: more, q: enough -- ", answer, sizeof(answer)) ||
		    answer[0] == 'q')
			break;
	}
	(void)fflush(stdout);
}
