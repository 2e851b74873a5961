/* SPDX-License-Identifier: MIT */
/*
 * The progress line.  Only ever writes to standard error, and nothing depends on whether it could.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/sys.h"
#include "cli/progress.h"

#define QUIET_MS 1000		/* shorter work shows nothing */
#define REDRAW_MS 200
#define UNKNOWN_MS 10000	/* between plain lines when the total is not known */
#define MIB (1u << 20)

void progress_begin(struct progress *p, const char *what, uint64_t total_bytes)
{
	*p = (struct progress){ .what = what, .total_bytes = total_bytes, .begun_ms = sys_now_ms(),
				.terminal = isatty(STDERR_FILENO) == 1 };
	p->shown_ms = p->begun_ms;
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

static void show(struct progress *p, uint64_t now_ms)
{
	fprintf(stderr, "%scowboot: %s: ", p->terminal ? "\r" : "", p->what);
	if (p->total_bytes)
		fprintf(stderr, "%3u%%, %" PRIu64 " of %" PRIu64 " MiB",
			percent(p->done_bytes, p->total_bytes), p->done_bytes / MIB,
			p->total_bytes / MIB);
	else
		fprintf(stderr, "%" PRIu64 " MiB", p->done_bytes / MIB);
	fprintf(stderr, ", %" PRIu64 " s%s", (now_ms - p->begun_ms) / 1000,
		p->terminal ? "\033[K" : "\n");
	(void)fflush(stderr);	/* a terminal that is gone is no reason to stop working */
	p->shown = true;
	p->shown_ms = now_ms;
}

void progress_set(struct progress *p, uint64_t done_bytes)
{
	uint64_t now_ms = sys_now_ms();
	unsigned tenths = 0;

	if (p->total_bytes && done_bytes > p->total_bytes)
		done_bytes = p->total_bytes;
	p->done_bytes = done_bytes;
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
	if (!p->shown || !p->terminal)
		return;
	show(p, sys_now_ms());
	fputc('\n', stderr);
}
