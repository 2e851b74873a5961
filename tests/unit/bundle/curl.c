/* SPDX-License-Identifier: MIT */
/* What curl is told: nothing that a URL, a header or a server says gets out of its quotes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#undef fail	/* cmocka's; the one of base/fail.h is meant */
#include "base/fail.h"
#include "bundle/curl.h"

static void test_urls(void **state)
{
	static const char *const names[][2] = {
		{ "https://h/a", "https://h/a" },
		{ "http://me:pass@h:80/a?key=1#x", "http://h:80/a" },
		{ "https://a@b@h", "https://h" },
		{ "https://h/a@b?c@d", "https://h/a@b" },
		{ "https://h?@x", "https://h" },
		{ "https://", "https://" },
	};
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_true(curl_is_url(names[i][0]));
		assert_int_equal(curl_check_url(names[i][0]), 0);
		curl_url_name(names[i][0], name, sizeof(name));
		assert_string_equal(name, names[i][1]);
	}
	curl_url_name("https://host/long", name, 12);
	assert_string_equal(name, "https://hos");
	assert_false(curl_is_url("ftp://h/a") || curl_is_url("-") || curl_is_url("a") || curl_is_url("http:/a"));
	assert_int_equal(curl_check_url("https://h/\n"), -EINVAL);
	assert_int_equal(curl_check_url("https://h/\""), -EINVAL);
	assert_int_equal(curl_check_url("https://h/\\"), -EINVAL);
	assert_int_equal(curl_check_url("https://h/ "), -EINVAL);
	assert_int_equal(curl_check_url("https://h/\x80"), -EINVAL);
}

static void test_headers(void **state)
{
	(void)state;
	assert_int_equal(curl_check_headers(""), 0);
	assert_int_equal(curl_check_headers("\n\r\nA: b\r\nC-d_1: \"e\\\n"), 0);
	assert_int_equal(curl_check_headers("A: b\n@f: c"), -EINVAL);
	assert_string_equal(fail_text(), "its line 2 is not \"Name: value\"");
	assert_int_equal(curl_check_headers(": b"), -EINVAL);
	assert_int_equal(curl_check_headers("A b"), -EINVAL);
	assert_int_equal(curl_check_headers("A: \x7f"), -EINVAL);
	assert_int_equal(curl_check_headers(" A: b"), -EINVAL);
}

static void test_config(void **state)
{
	const struct curl_request request = { "https://h/a?b=[1-2]", "A: \"b\\\"\nC: d\n", 3, 4, "\"e\\\"" };
	const struct range ranges[] = { { 0, 10 }, { 20, UINT64_MAX } };
	char buf[4096];
	struct text_out out;

	(void)state;
	text_begin(&out, buf, sizeof(buf));
	curl_config(&request, ranges, 2, &out);
	assert_false(out.full);
	assert_string_equal(buf,
		"silent\nfail-early\n"
		"url = \"https://h/a?b=[1-2]\"\nrange = \"0-9\"\ninclude\nno-buffer\ngloboff\nlocation\n"
		"max-redirs = 5\nsuppress-connect-headers\nproto = \"=http,https\"\nproto-redir = \"=https\"\n"
		"connect-timeout = 3\nspeed-limit = 1\nspeed-time = 4\n"
		"header = \"If-Range: \\\"e\\\\\\\"\"\n"
		"header = \"A: \\\"b\\\\\\\"\"\nheader = \"C: d\"\n"
		"next\n"
		"url = \"https://h/a?b=[1-2]\"\nrange = \"20-\"\ninclude\nno-buffer\ngloboff\nlocation\n"
		"max-redirs = 5\nsuppress-connect-headers\nproto = \"=http,https\"\nproto-redir = \"=https\"\n"
		"connect-timeout = 3\nspeed-limit = 1\nspeed-time = 4\n"
		"header = \"If-Range: \\\"e\\\\\\\"\"\n"
		"header = \"A: \\\"b\\\\\\\"\"\nheader = \"C: d\"\n");
}

/* Of the longest that there can be, nothing is cut. */
static void test_config_fits(void **state)
{
	static char url[CURL_URL_MAX] = "http://", headers[CURL_HEADERS_MAX], mark[128], buf[65536];
	const struct curl_request request = { url, headers, UINT32_MAX, UINT32_MAX, mark };
	const struct range ranges[] = { { UINT64_MAX - 9, UINT64_MAX - 5 }, { UINT64_MAX - 4, UINT64_MAX - 1 } };
	struct text_out out;
	size_t size;

	(void)state;
	memset(url + 7, 'u', sizeof(url) - 8);
	memset(mark, '"', sizeof(mark) - 1);
	for (size_t i = 0; i + 4 < sizeof(headers); i += 4)
		memcpy(headers + i, "A:\\\n", 4);
	assert_int_equal(curl_check_url(url), 0);
	assert_int_equal(curl_check_headers(headers), 0);
	size = curl_config_max(&request, 2);
	assert_true(size <= sizeof(buf));
	text_begin(&out, buf, size);
	curl_config(&request, ranges, 2, &out);
	assert_false(out.full);
}

static void test_words(void **state)
{
	bool again;

	(void)state;
	for (int code = -64; code < 256; code++)
		assert_true(strlen(curl_words(code, &again)) > 0);
	for (unsigned status = 100; status < 1000; status++)
		assert_true(strlen(curl_status_words(status, &again)) < 80);
	(void)curl_words(60, &again);
	assert_false(again);
	(void)curl_words(-15, &again);
	assert_true(again);
	(void)curl_status_words(404, &again);
	assert_false(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_fits),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
