/* SPDX-License-Identifier: MIT */
/* How updates have ended, as text and as JSON.  Pure.  The keys: docs/status-json.md. */
#ifndef COWBOOT_CLI_RESULTS_H
#define COWBOOT_CLI_RESULTS_H

#include "base/text.h"
#include "state/record.h"

#define RESULTS_SCHEMA 1

/* "merged, 12.4 -> 12.5: confirmed and merged (2026-11-29 04:05:06 UTC)", without a newline. */
void result_text(const struct record_result *result, struct text_out *out);

/* The keys of one result without braces, from "result" to "when"; known: the record could be read. */
void result_json(const struct record_result *result, bool known, struct text_out *out);

/* So many results that rec has; the newest is 0.  NULL: there is none. */
unsigned results_count(const struct record *rec);
const struct record_result *results_at(const struct record *rec, unsigned i);

/* One of them, on a line of its own. */
void results_text(const struct record *rec, unsigned i, struct text_out *out);

/* At most count of them, newest first; log_file: the path of the log that was kept of each, or NULL. */
void results_json(const struct record *rec, unsigned count, const char *const log_file[],
		  struct text_out *out);

#endif
