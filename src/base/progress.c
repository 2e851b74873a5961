/* SPDX-License-Identifier: MIT */
/*
 * The progress line.  Only ever writes to standard error, and nothing depends on whether it could.
 */
#include "base/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

#define QUIET_MS 1000		/* shorter work shows nothing */
#define REDRAW_MS 200
#define JSON_MS 500
#define UNKNOWN_MS 10000	/* between plain lines when the total is not known */
#define MIB (1u << 20)
#define RATE_IN_MIB (10 * MIB)	/* below it a rate is told in KiB */

static enum progress_how told;
static const uint64_t *fetched;

void progress_tell(enum progress_how how)
{
	told = how;
}

void progress_fetches(const uint64_t *fetched_bytes)
{
	fetched = fetched_bytes;
}

/* Rounded down: 100 only when all is done. */
static unsigned percent(uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t hundredth = total_bytes / 100;

	if (done_bytes == total_bytes)
		return 100;
	if (done_bytes < UINT64_MAX / 100)
		return (unsigned)(done_bytes * 100 / total_bytes);
	return done_bytes / hundredth < 99 ? (unsigned)(done_bytes / hundredth) : 99;
}

/* Bytes a second, of the whole step so far; 0: not known, or nearly nothing. */
static uint64_t rate(const struct progress *p, uint64_t now_ms)
{
	uint64_t ms = now_ms - p->begun_ms;

	if (!ms)
		return 0;
	return p->done_bytes < UINT64_MAX / 1000 ? p->done_bytes * 1000 / ms : p->done_bytes / ms * 1000;
}

/* Rounded up: 0 only when all is done. bytes_per_s is not 0. */
static uint64_t left_s(const struct progress *p, uint64_t bytes_per_s)
{
	uint64_t left_bytes = p->total_bytes - p->done_bytes;

	return left_bytes / bytes_per_s + !!(left_bytes % bytes_per_s);
}

static void show_json(const struct progress *p, uint64_t now_ms)
{
	const uint64_t bytes_per_s = rate(p, now_ms);
	char line[512];
	struct text_out out;

	text_begin(&out, line, sizeof(line));
	text_add(&out, "{\"step\": \"%s\", \"object\": ", p->step);
	text_add_json_or_null(&out, p->object);
	text_add(&out, ", \"done_bytes\": %" PRIu64, p->done_bytes);
	if (p->total_bytes)
		text_add(&out, ", \"total_bytes\": %" PRIu64 ", \"percent\": %u", p->total_bytes,
			 percent(p->done_bytes, p->total_bytes));
	else
		text_add(&out, ", \"total_bytes\": null, \"percent\": null");
	text_add(&out, ", \"ms\": %" PRIu64, now_ms - p->begun_ms);
	if (bytes_per_s)
		text_add(&out, ", \"bytes_per_s\": %" PRIu64, bytes_per_s);
	else
		text_add(&out, ", \"bytes_per_s\": null");
	if (bytes_per_s && p->total_bytes)
		text_add(&out, ", \"left_s\": %" PRIu64, left_s(p, bytes_per_s));
	else
		text_add(&out, ", \"left_s\": null");
	if (fetched)
		text_add(&out, ", \"fetched_bytes\": %" PRIu64 "}\n", *fetched);
	else
		text_add(&out, ", \"fetched_bytes\": null}\n");
	fputs(line, stderr);
}

static void show_text(const struct progress *p, uint64_t now_ms)
{
	const uint64_t bytes_per_s = rate(p, now_ms);

	fprintf(stderr, "%scowboot: %s%s%s: ", p->terminal ? "\r" : "", p->step,
		p->object[0] ? " " : "", p->object);
	if (p->total_bytes)
		fprintf(stderr, "%3u%%, %" PRIu64 " of %" PRIu64 " MiB",
			percent(p->done_bytes, p->total_bytes), p->done_bytes / MIB,
			p->total_bytes / MIB);
	else
		fprintf(stderr, "%" PRIu64 " MiB", p->done_bytes / MIB);
	fprintf(stderr, ", %" PRIu64 " s", (now_ms - p->begun_ms) / 1000);
	if (bytes_per_s >= RATE_IN_MIB)
		fprintf(stderr, ", %" PRIu64 " MiB/s", bytes_per_s / MIB);
	else if (bytes_per_s)
		fprintf(stderr, ", %" PRIu64 " KiB/s", bytes_per_s / 1024);
	if (bytes_per_s && p->done_bytes < p->total_bytes)
		fprintf(stderr, ", %" PRIu64 " s left", left_s(p, bytes_per_s));
	if (fetched)
		fprintf(stderr, ", %" PRIu64 " MiB fetched", *fetched / MIB);
	fputs(p->terminal ? "\033[K" : "\n", stderr);
}

static void show(struct progress *p, uint64_t now_ms)
{
	if (told == PROGRESS_JSON)
		show_json(p, now_ms);
	else
		show_text(p, now_ms);
	(void)fflush(stderr);	/* a terminal that is gone is no reason to stop working */
	p->shown = true;
	p->shown_ms = now_ms;
}

void progress_begin(struct progress *p, const char *step, const char *object, uint64_t total_bytes)
{
	*p = (struct progress){ .step = step, .object = object, .total_bytes = total_bytes,
				.begun_ms = sys_now_ms(),
				.terminal = told == PROGRESS_TEXT && sys_is_terminal(STDERR_FILENO) };
	p->shown_ms = p->begun_ms;
	/* A program is told of each step, however short. */
	if (told == PROGRESS_JSON)
		show(p, p->begun_ms);
}

void progress_set(struct progress *p, uint64_t done_bytes)
{
	uint64_t now_ms = sys_now_ms();
	unsigned tenths = 0;

	if (p->total_bytes && done_bytes > p->total_bytes)
		done_bytes = p->total_bytes;
	p->done_bytes = done_bytes;
	if (told == PROGRESS_NONE)
		return;
	if (told == PROGRESS_JSON) {
		if (now_ms - p->shown_ms >= JSON_MS)
			show(p, now_ms);
		return;
	}
	if (now_ms - p->begun_ms < QUIET_MS)
		return;
	if (p->total_bytes)
		tenths = percent(p->done_bytes, p->total_bytes) / 10;
	if (p->terminal ? now_ms - p->shown_ms >= REDRAW_MS :
	    p->total_bytes ? tenths > p->tenths : now_ms - p->shown_ms >= UNKNOWN_MS)
		show(p, now_ms);
	p->tenths = tenths;
}

void progress_add(struct progress *p, uint64_t more_bytes)
{
	progress_set(p, p->done_bytes + more_bytes);
}

void progress_end(struct progress *p)
{
	if (!p->shown || (!p->terminal && told != PROGRESS_JSON))
		return;
	show(p, sys_now_ms());
	if (!p->terminal)
		return;
	fputc('\n', stderr);
}
