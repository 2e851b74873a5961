/* SPDX-License-Identifier: MIT */
/* `cowboot log` word for word: what is known of each result, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cli/results.h"

static struct record rec;
static char buf[64 * 1024];

/* An update that was reverted, before it one whose chunks were lost, before that one of version 1. */
static void make(void)
{
	record_blank(&rec);
	rec.last = (struct record_result){ .result = RESULT_CANCELLED, .version_to = "12.1",
					   .reason = "cancelled before it was booted" };
	rec.tries_total = 3;
	rec.tries_left = 2;
	rec.phase = PHASE_MERGING;
	snprintf(rec.version_from, sizeof(rec.version_from), "12.0");
	snprintf(rec.version_to, sizeof(rec.version_to), "12.1");
	record_written_again(&rec, 7);
	record_end(&rec, RESULT_MERGED, REASON_MERGED, "", 1763814896);
	rec.tries_total = 3;
	snprintf(rec.version_to, sizeof(rec.version_to), "12.2");
	record_end(&rec, RESULT_REVERTED, REASON_MARKED_BAD, "no \"network\"", 1763814900);
}

static const char *text(unsigned count)
{
	struct text_out out;

	text_begin(&out, buf, sizeof(buf));
	for (unsigned i = 0; i < count && results_at(&rec, i); i++)
		results_text(&rec, i, &out);
	assert_false(out.full);
	return buf;
}

static const char *json(unsigned count)
{
	const char *const log_file[16] = { NULL, "/data/cowboot/logs/1.log" };
	struct text_out out;

	text_begin(&out, buf, sizeof(buf));
	results_json(&rec, count, log_file, &out);
	assert_false(out.full);
	return buf;
}

#define REVERTED \
	"reverted, ? -> 12.2: the new system was marked bad: no \"network\" (2025-11-22 12:35:00 UTC); " \
	"3 of 3 tries spent\n"
#define MERGED \
	"merged, 12.0 -> 12.1: confirmed and merged (2025-11-22 12:34:56 UTC); 1 of 3 tries spent; " \
	"7 merged chunks written again, which the disk had lost\n"
#define CANCELLED "cancelled, ? -> 12.1: cancelled before it was booted\n"

static void test_text(void **state)
{
	(void)state;
	make();
	assert_string_equal(text(16), REVERTED MERGED CANCELLED);
	assert_string_equal(text(3), REVERTED MERGED CANCELLED);
	assert_string_equal(text(2), REVERTED MERGED);
	assert_string_equal(text(1), REVERTED);
	record_blank(&rec);
	assert_string_equal(text(16), "");
}

static void test_json(void **state)
{
	(void)state;
	make();
	assert_string_equal(json(16),
		"{\n"
		"  \"schema\": 1,\n"
		"  \"results\": [\n"
		"    {\"result\": \"reverted\", \"from\": null, \"to\": \"12.2\", \"code\": \"marked-bad\", "
		"\"reason\": \"the new system was marked bad: no \\\"network\\\"\", "
		"\"detail\": \"no \\\"network\\\"\", \"when\": 1763814900, \"tries_spent\": 3, "
		"\"tries_total\": 3, \"chunks_again\": 0, \"log_file\": null},\n"
		"    {\"result\": \"merged\", \"from\": \"12.0\", \"to\": \"12.1\", \"code\": \"merged\", "
		"\"reason\": \"confirmed and merged\", \"detail\": null, \"when\": 1763814896, "
		"\"tries_spent\": 1, \"tries_total\": 3, \"chunks_again\": 7, \"log_file\": \"/data/cowboot/logs/1.log\"},\n"
		"    {\"result\": \"cancelled\", \"from\": null, \"to\": \"12.1\", \"code\": \"cancelled\", "
		"\"reason\": \"cancelled before it was booted\", \"detail\": null, \"when\": null, "
		"\"tries_spent\": null, \"tries_total\": null, \"chunks_again\": null, \"log_file\": null}\n"
		"  ]\n"
		"}\n");
	record_blank(&rec);
	assert_string_equal(json(16), "{\n  \"schema\": 1,\n  \"results\": []\n}\n");
}

/* Sixteen of the longest there are fit into what the verb has for them. */
static void test_longest(void **state)
{
	(void)state;
	record_blank(&rec);
	for (unsigned i = 0; i < 16; i++) {
		char detail[RECORD_REASON_MAX];

		memset(detail, '\x01', sizeof(detail) - 1);
		detail[sizeof(detail) - 1] = 0;
		rec.tries_total = 100;
		memset(rec.version_from, '\x01', sizeof(rec.version_from) - 1);
		memset(rec.version_to, '\x01', sizeof(rec.version_to) - 1);
		record_end(&rec, RESULT_REVERTED, REASON_MARKED_BAD, detail, 1763814900 + i);
	}
	assert_non_null(strstr(json(16), "\n  ]\n}\n"));
	assert_int_equal(results_count(&rec), 16);
	assert_null(results_at(&rec, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
