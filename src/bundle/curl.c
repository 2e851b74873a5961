/* SPDX-License-Identifier: MIT */
/* curl's configuration file, where each word that is not ours stands in quotes, and its exit codes. */
#include "bundle/curl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"

#define REDIRECTS_MAX 5
#define OPTIONS_BYTES 1024	/* all but the URL and the lines for the head */

static bool is_https(const char *url)
{
	return !strncmp(url, "https://", 8);
}

bool curl_is_url(const char *word)
{
	return is_https(word) || !strncmp(word, "http://", 7);
}

void curl_url_name(const char *url, char *buf, size_t size_bytes)
{
	const char *host = strstr(url, "//") + 2, *path = host + strcspn(host, "/?#");
	const char *end = url + strcspn(url, "?#");

	for (const char *c = host; c < path; c++)
		if (*c == '@')
			host = c + 1;
	snprintf(buf, size_bytes, "%s%.*s", is_https(url) ? "https://" : "http://", (int)(end - host),
		 host);
}

int curl_check_url(const char *url)
{
	if (strlen(url) >= CURL_URL_MAX)
		return fail(EINVAL, "its URL is too long");
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			return fail(EINVAL, "its URL has a character that has to be written as %%XX");
	return 0;
}

/* curl would take a line with '@' in front as the name of a file. */
static bool is_header(const char *line, size_t len_bytes)
{
	const char *colon = memchr(line, ':', len_bytes);

	if (!colon || colon == line)
		return false;
	for (const char *c = line; c < colon; c++)
		if (!strchr("-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", *c))
			return false;
	for (size_t i = 0; i < len_bytes; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return true;
}

/* The next line that is not empty, without its end; NULL after the last one. */
static const char *next_header(const char **cursor, size_t *ret_len_bytes)
{
	const char *line = *cursor + strspn(*cursor, "\r\n");

	*ret_len_bytes = strcspn(line, "\r\n");
	*cursor = line + *ret_len_bytes;
	return *line ? line : NULL;
}

int curl_check_headers(const char *text)
{
	const char *line;
	size_t len;

	for (unsigned number = 1; (line = next_header(&text, &len)); number++)
		if (!is_header(line, len))
			return fail(EINVAL, "its line %u is not \"Name: value\"", number);
	return 0;
}

size_t curl_config_max(const struct curl_request *request, size_t ranges)
{
	/* "A:" becomes a line of 14 bytes. */
	return ranges * (OPTIONS_BYTES + strlen(request->url) + 5 * strlen(request->headers) +
			 2 * strlen(request->mark));
}

static void add_header(struct text_out *out, const char *name, const char *text, size_t len_bytes)
{
	text_add(out, "header = \"%s", name);
	for (size_t i = 0; i < len_bytes; i++)
		text_add(out, strchr("\"\\", text[i]) ? "\\%c" : "%c", text[i]);
	text_add(out, "\"\n");
}

static void add_request(const struct curl_request *r, const struct range *range, struct text_out *out)
{
	const char *cursor = r->headers, *line;
	size_t len;

	text_add(out, "url = \"%s\"\nrange = \"%" PRIu64 "-", r->url, range->at_bytes);
	if (range->end_bytes != UINT64_MAX)
		text_add(out, "%" PRIu64, range->end_bytes - 1);
	text_add(out, "\"\ninclude\nno-buffer\ngloboff\nlocation\nmax-redirs = %u\n", REDIRECTS_MAX);
	text_add(out, "suppress-connect-headers\nproto = \"=http,https\"\nproto-redir = \"=%s\"\n",
		 is_https(r->url) ? "https" : "http,https");
	text_add(out, "connect-timeout = %u\nspeed-limit = 1\nspeed-time = %u\n", r->connect_s,
		 r->stall_s);
	if (*r->mark)
		add_header(out, "If-Range: ", r->mark, strlen(r->mark));
	while ((line = next_header(&cursor, &len)))
		add_header(out, "", line, len);
}

void curl_config(const struct curl_request *request, const struct range *ranges, size_t count,
		 struct text_out *out)
{
	text_add(out, "silent\nfail-early\n");
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_add(out, "next\n");
		add_request(request, &ranges[i], out);
	}
}

struct words {
	int number;
	bool again;
	const char *words;
};

static const char *words_of(const struct words *table, size_t count, int number, bool *ret_again)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].number == number) {
			*ret_again = table[i].again;
			return table[i].words;
		}
	return NULL;
}

/* EXIT CODES in curl(1). */
const char *curl_words(int code, bool *ret_again)
{
	static const struct words table[] = {
		{ 0, true, "the answer ended before its end" },
		{ 1, false, "it is redirected to what is neither http nor https, or from https to http" },
		{ 2, false, "curl does not start; is it older than 7.54?" },
		{ 3, false, "curl does not take its URL" },
		{ 5, true, "the proxy's name is not found" },
		{ 6, true, "the server's name is not found" },
		{ 7, true, "nobody answers there" },
		{ 18, true, "the line broke" },
		{ 28, true, "the server does not answer, or stalls" },
		{ 35, true, "no TLS connection comes about" },
		{ 47, false, "it is redirected too often" },
		{ 52, true, "the server does not answer anything" },
		{ 55, true, "the line broke" },
		{ 56, true, "the line broke" },
		{ 60, false, "the server's certificate is not one that this system trusts now; is the clock "
			     "right, and is ca-certificates installed?" },
		{ 77, false, "curl finds no certificates that it trusts; install ca-certificates" },
		{ 92, true, "the line broke" },
	};
	const char *words;

	*ret_again = true;
	words = words_of(table, ARRAY_SIZE(table), code, ret_again);
	return words ? words : "curl failed";
}

const char *curl_status_words(unsigned status, bool *ret_again)
{
	static const struct words table[] = {
		{ 401, false, "it wants to know who asks; see --header-file" },
		{ 403, false, "it does not give this board the file; see --header-file" },
		{ 404, false, "there is no such file; look at the URL" },
		{ 407, false, "the proxy wants to know who asks" },
		{ 408, true, "try again later" },
		{ 410, false, "there is no such file any more; look at the URL" },
		{ 416, false, "the file is empty, or has changed meanwhile" },
		{ 429, true, "it is asked too much; try again later" },
		{ 500, true, "the server has a fault; try again later" },
		{ 502, true, "the server has a fault; try again later" },
		{ 503, true, "the server has too much to do; try again later" },
		{ 504, true, "the server has a fault; try again later" },
	};
	const char *words;

	*ret_again = false;
	words = words_of(table, ARRAY_SIZE(table), (int)status, ret_again);
	return words ? words : "that is no file; look at the URL";
}
