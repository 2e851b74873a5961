/* SPDX-License-Identifier: MIT */
/* Heads of HTTP, line by line.  What is not understood is passed over, as if it were not there. */
#include "bundle/httphead.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/text.h"

/* A number at *at, which moves on behind it. */
static bool take_number(const char **at, uint64_t *ret_value)
{
	char digits[24];
	size_t len = strspn(*at, "0123456789");

	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, *at, len);
	digits[len] = '\0';
	*at += len;
	return text_number(digits, INT64_MAX, ret_value) == 0;
}

static bool take_char(const char **at, char c)
{
	return **at == c && ++*at;
}

/* bytes FROM-LAST/TOTAL */
static void take_range(struct httphead *h, const char *value)
{
	h->has_range = strncasecmp(value, "bytes ", 6) == 0;
	if (!h->has_range)
		return;
	value += 6;
	h->has_range = take_number(&value, &h->from_bytes) && take_char(&value, '-') &&
		       take_number(&value, &h->last_bytes) && take_char(&value, '/') &&
		       take_number(&value, &h->total_bytes) && !*value &&
		       h->from_bytes <= h->last_bytes && h->last_bytes < h->total_bytes;
}

/* It goes back to the server, in a line of ours. */
static void keep_word(char word[HTTPHEAD_WORD_MAX], const char *value)
{
	for (const char *c = value; *c; c++)
		if (*c < ' ' || *c > '~')
			return;
	if (strlen(value) < HTTPHEAD_WORD_MAX)
		strcpy(word, value);
}

/* The value of the line, if that is what it is called. */
static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

static void take_field(struct httphead *h)
{
	const char *value;

	if ((value = value_of(h->line, "Content-Range")))
		take_range(h, value);
	else if ((value = value_of(h->line, "Content-Length")))
		h->has_length = take_number(&value, &h->length_bytes) && !*value;
	else if ((value = value_of(h->line, "ETag")) && *value == '"')
		keep_word(h->etag, value);
	else if ((value = value_of(h->line, "Last-Modified")))
		keep_word(h->modified, value);
}

static int take_status(struct httphead *h)
{
	const char *at = strchr(h->line, ' ');
	uint64_t status;

	if (strncmp(h->line, "HTTP/", 5) || !at)
		return fail(EPROTO, "what answers there does not speak HTTP, or redirects to nowhere");
	at += strspn(at, " ");
	if (!take_number(&at, &status) || status < 100 || status > 999)
		return fail(EPROTO, "what answers there does not speak HTTP");
	h->status = (unsigned)status;
	h->in_lines = true;
	return 0;
}

/* curl follows a redirection, and shows the head of what it finds there; nothing of one counts here. */
static void end_head(struct httphead *h)
{
	const size_t seen_bytes = h->seen_bytes;

	if (h->status >= 200 && h->status / 100 != 3) {
		h->is_whole = true;
		return;
	}
	memset(h, 0, sizeof(*h));
	h->seen_bytes = seen_bytes;
}

static int take_line(struct httphead *h)
{
	if (h->line_bytes && h->line[h->line_bytes - 1] == '\r')
		h->line_bytes--;
	h->line[h->line_bytes] = '\0';
	if (!h->in_lines)
		return take_status(h);
	if (h->line_bytes)
		take_field(h);
	else
		end_head(h);
	return 0;
}

int httphead_add(struct httphead *head, const uint8_t *data, size_t len_bytes, size_t *ret_used_bytes)
{
	size_t used = 0;
	int rc = 0;

	while (!rc && used < len_bytes && !head->is_whole) {
		const char c = (char)data[used++];

		if (++head->seen_bytes > HTTPHEAD_BYTES_MAX)
			rc = fail(EPROTO, "the head of the server's answer does not end");
		else if (c == '\n') {
			rc = take_line(head);
			head->line_bytes = 0;
		} else if (head->line_bytes < sizeof(head->line) - 2) {
			head->line[head->line_bytes++] = c;
		}
	}
	*ret_used_bytes = used;
	return rc;
}

const char *httphead_mark(const struct httphead *head)
{
	return head->etag[0] ? head->etag : head->modified;
}
