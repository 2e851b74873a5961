/* SPDX-License-Identifier: MIT */
/* Heads of HTTP: in any pieces, behind redirections, and from servers that say anything. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#undef fail	/* cmocka's; the one of base/fail.h is meant */
#include "base/fail.h"
#include "bundle/httphead.h"

#define PART "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/20\r\nETag: \"e\\1\"\r\n" \
	     "last-modified:Mon, 30 Nov 2026 00:00:00 GMT\r\nContent-Length: 5\r\n\r\n"

/* All of text in such pieces; how many bytes of it were taken. */
static size_t add(struct httphead *h, const char *text, size_t piece_bytes, int want_rc)
{
	size_t at = 0, len = strlen(text), used = 0;
	int rc = 0;

	memset(h, 0, sizeof(*h));
	while (!rc && at < len && !h->is_whole) {
		rc = httphead_add(h, (const uint8_t *)text + at,
				  len - at < piece_bytes ? len - at : piece_bytes, &used);
		at += used;
	}
	assert_int_equal(rc, want_rc);
	return at;
}

static void test_a_part(void **state)
{
	struct httphead h;

	(void)state;
	for (size_t piece = 1; piece < sizeof(PART) + 4; piece++) {
		assert_int_equal(add(&h, PART "body", piece, 0), strlen(PART));
		assert_true(h.is_whole && h.has_range && h.has_length);
		assert_int_equal(h.status, 206);
		assert_int_equal(h.from_bytes, 5);
		assert_int_equal(h.last_bytes, 9);
		assert_int_equal(h.total_bytes, 20);
		assert_int_equal(h.length_bytes, 5);
		assert_string_equal(httphead_mark(&h), "\"e\\1\"");
		assert_string_equal(h.modified, "Mon, 30 Nov 2026 00:00:00 GMT");
	}
}

/* Nothing of what comes before the last head counts. */
static void test_redirections(void **state)
{
	static const char before[] =
		"HTTP/1.1 103 Early Hints\r\nETag: \"0\"\r\n\r\n"
		"HTTP/1.1 302 Found\r\nLocation: /x\r\nETag: \"1\"\r\nContent-Range: bytes 0-0/1\r\n\r\n";
	char text[1024];
	struct httphead h;

	(void)state;
	snprintf(text, sizeof(text), "%sHTTP/2 200 \r\nlast-modified: now\r\n\r\nbody", before);
	assert_int_equal(add(&h, text, 3, 0), strlen(text) - 4);
	assert_int_equal(h.status, 200);
	assert_false(h.has_range || h.has_length);
	assert_string_equal(httphead_mark(&h), "now");
	assert_int_equal(add(&h, before, 7, 0), strlen(before));
	assert_false(h.is_whole);
}

static void test_no_http(void **state)
{
	static const char *const texts[] = {
		"\r\n", "\n", "nope\n", "HTTP/1.1\n", "HTTP/1.1 \n", "HTTP/1.1 x\n", "HTTP/1.1 99 a\n",
		"HTTP/1.1 1000 a\n", "HTTP/1.1 99999999999999999999999999 a\n", "HTTPS 200\n",
		"HTTP/1.1 302 Found\r\n\r\nbody\n",
	};
	struct httphead h;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		add(&h, texts[i], 100, -EPROTO);
}

/* A line that makes no sense is as if it were not there. */
static void test_lines_that_make_no_sense(void **state)
{
	static const char *const lines[] = {
		"Content-Range: bytes 5-4/20", "Content-Range: bytes 5-20/20", "Content-Range: bytes 5-9/*",
		"Content-Range: bytes */20", "Content-Range: bytes 5-9/20x", "Content-Range: bits 5-9/20",
		"Content-Range: bytes -5-9/20", "Content-Range: bytes 5-9", "Content-Range:", "Content-Range",
		"Content-Range: bytes 5-9/99999999999999999999", "Content-Length: -1", "Content-Length: 1x",
		"Content-Length: 9223372036854775808", "ETag: W/\"weak\"", "ETag: bare", "ETag: \"\x01\"",
		"Last-Modified: \x80", ": x", "::::", " ", "X-Etag: \"no\"",
	};
	char text[1024];
	struct httphead h;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		snprintf(text, sizeof(text), "HTTP/1.1 206 x\n%s\n\n", lines[i]);
		add(&h, text, 100, 0);
		assert_true(h.is_whole);
		assert_false(h.has_range || h.has_length);
		assert_string_equal(httphead_mark(&h), "");
	}
}

static void test_limits(void **state)
{
	const size_t size = HTTPHEAD_BYTES_MAX + 100;
	char *text = malloc(size + 1);
	struct httphead h;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	memcpy(text, "HTTP/1.1 200 x\nETag: \"", 22);
	assert_int_equal(add(&h, text, 1000, -EPROTO), HTTPHEAD_BYTES_MAX + 1);
	assert_string_equal(fail_text(), "the head of the server's answer does not end");
	memcpy(text + 1000, "\"\nContent-Length: 7\n\n", 21);
	add(&h, text, 1000, 0);
	assert_true(h.is_whole && h.length_bytes == 7);
	assert_string_equal(httphead_mark(&h), "");
	free(text);
}

static void test_endless_redirections(void **state)
{
	static const char one[] = "HTTP/1.1 302 x\n\n";
	struct httphead h = { 0 };
	size_t used;
	int rc = 0;
	unsigned n = 0;

	(void)state;
	while (!rc && n++ < HTTPHEAD_BYTES_MAX)
		rc = httphead_add(&h, (const uint8_t *)one, strlen(one), &used);
	assert_int_equal(rc, -EPROTO);
	assert_int_equal(n, HTTPHEAD_BYTES_MAX / strlen(one) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_part),
		cmocka_unit_test(test_redirections),
		cmocka_unit_test(test_no_http),
		cmocka_unit_test(test_lines_that_make_no_sense),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_endless_redirections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
