/* SPDX-License-Identifier: MIT */
/* The results that the record keeps, and what more is known of them, for `cowboot log` and `status`. */
#include "cli/results.h"

#include <inttypes.h>
#include <time.h>

static const char *or_unknown(const char *version)
{
	return version[0] ? version : "?";
}

void result_text(const struct record_result *result, struct text_out *out)
{
	time_t when = (time_t)result->when_s;
	struct tm tm;
	char text[32];

	text_add(out, "%s, %s -> %s", result_name(result->result), or_unknown(result->version_from),
		 or_unknown(result->version_to));
	if (result->reason[0])
		text_add(out, ": %s", result->reason);
	if (result->when_s && gmtime_r(&when, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		text_add(out, " (%s)", text);
}

void result_json(const struct record_result *result, bool known, struct text_out *out)
{
	const char *detail;

	text_add(out, "\"result\": ");
	text_add_json_or_null(out, known ? result_name(result->result) : NULL);
	text_add(out, ", \"from\": ");
	text_add_json_or_null(out, result->version_from);
	text_add(out, ", \"to\": ");
	text_add_json_or_null(out, result->version_to);
	text_add(out, ", \"code\": ");
	text_add_json_or_null(out, reason_code(reason_find(result->reason, &detail)));
	text_add(out, ", \"reason\": ");
	text_add_json_or_null(out, result->reason);
	text_add(out, ", \"detail\": ");
	text_add_json_or_null(out, detail);
	if (result->when_s)
		text_add(out, ", \"when\": %" PRIu64, result->when_s);
	else
		text_add(out, ", \"when\": null");
}

unsigned results_count(const struct record *rec)
{
	return rec->last.result == RESULT_NONE ? 0 : 1 + rec->earlier_count;
}

const struct record_result *results_at(const struct record *rec, unsigned i)
{
	if (i >= results_count(rec))
		return NULL;
	return i ? &rec->earlier[i - 1] : &rec->last;
}

void results_text(const struct record *rec, unsigned i, struct text_out *out)
{
	const struct record_result *result = results_at(rec, i);
	const struct record_more *more = record_more_of(rec, result);

	result_text(result, out);
	if (more)
		text_add(out, "; %" PRIu32 " of %" PRIu32 " tries spent", more->tries_spent,
			 more->tries_total);
	if (more && more->chunks_again)
		text_add(out, "; %" PRIu64 " merged chunks written again, which the disk had lost",
			 more->chunks_again);
	text_add(out, "\n");
}

static void add_more(const struct record_more *more, struct text_out *out)
{
	if (!more)
		text_add(out, ", \"tries_spent\": null, \"tries_total\": null, \"chunks_again\": null");
	else
		text_add(out, ", \"tries_spent\": %" PRIu32 ", \"tries_total\": %" PRIu32
			 ", \"chunks_again\": %" PRIu64, more->tries_spent, more->tries_total,
			 more->chunks_again);
}

void results_json(const struct record *rec, unsigned count, const char *const log_file[],
		  struct text_out *out)
{
	const struct record_result *result;

	text_add(out, "{\n  \"schema\": %d,\n  \"results\": [", RESULTS_SCHEMA);
	for (unsigned i = 0; i < count && (result = results_at(rec, i)); i++) {
		text_add(out, "%s\n    {", i ? "," : "");
		result_json(result, true, out);
		add_more(record_more_of(rec, result), out);
		text_add(out, ", \"log_file\": ");
		text_add_json_or_null(out, log_file[i]);
		text_add(out, "}");
	}
	text_add(out, "%s]\n}\n", results_count(rec) && count ? "\n  " : "");
}
