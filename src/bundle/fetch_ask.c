/* SPDX-License-Identifier: MIT */
/* Asking a server for parts of a file, by curl; and asking again. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/sys.h"
#include "bundle/curl.h"
#include "bundle/fetch_parts.h"

#define FIRST_BYTES (16u * 1024)	/* asked for before it is known what is wanted */
#define WAIT_MS_MAX 60000u
#define END_MS 5000u			/* a curl that has said all ends by itself */

int fetch_stop(struct fetch *f, unsigned limit_ms)
{
	if (f->fd < 0)
		return 0;
	sys_close(f->fd);
	f->fd = -1;
	return child_stop(f->child, limit_ms);
}

static void choose(struct fetch *f)
{
	f->asked_count = ranges_from(&f->wanted, f->at_bytes, f->asked, ASKED_MAX);
	f->asked_next = 0;
	if (f->asked_count)
		return;
	f->asked[0].at_bytes = f->at_bytes;
	f->asked[0].end_bytes = f->streams ? UINT64_MAX : f->at_bytes + FIRST_BYTES;
	f->asked_count = 1;
}

int fetch_ask(struct fetch *f)
{
	static char *const argv[] = { "curl", "-q", "--config", "-", NULL };
	const struct curl_request request = { f->o.url, f->o.headers, f->o.connect_s, f->o.stall_s,
					      f->mark };
	struct text_out out;
	size_t size;
	char *config;

	choose(f);
	size = curl_config_max(&request, f->asked_count);
	config = malloc(size);
	if (!config)
		return fail_sys(ENOMEM, "cannot fetch it");
	text_begin(&out, config, size);
	curl_config(&request, f->asked, f->asked_count, &out);
	f->child = child_program(argv, "/usr/bin/curl", config, out.len_bytes, &f->fd);
	free(config);
	memset(&f->head, 0, sizeof(f->head));
	f->in_at = f->in_len = 0;
	return f->child < 0 ? fail_sys(-f->child, "cannot start curl") : 0;
}

int fetch_later(struct fetch *f, const char *why)
{
	unsigned wait_ms = f->o.wait_ms;

	fetch_stop(f, 0);
	if (f->failures == f->o.tries)
		return fail(EIO, "%s, at byte %" PRIu64 "; tried %u times", why, f->at_bytes,
			    f->failures + 1);
	for (unsigned i = 0; i < f->failures && wait_ms < WAIT_MS_MAX; i++)
		wait_ms *= 2;
	if (wait_ms > WAIT_MS_MAX)
		wait_ms = WAIT_MS_MAX;
	f->failures++;
	f->gained_bytes = 0;
	log_note("%s, at byte %" PRIu64 "; going on in %u s", why, f->at_bytes, (wait_ms + 999) / 1000);
	while (wait_ms) {
		unsigned part_ms = wait_ms < POLL_MS ? wait_ms : POLL_MS;
		int rc = stop_asked();

		if (rc)
			return rc;
		sys_sleep_ms(part_ms);
		wait_ms -= part_ms;
	}
	return stop_asked();
}

int fetch_ended(struct fetch *f)
{
	int code = fetch_stop(f, END_MS), rc = stop_asked();
	bool again;
	const char *words = curl_words(code, &again);

	if (rc)
		return rc;
	f->has_ended = !code && f->streams && !f->total_bytes;
	if (f->has_ended)
		return 0;
	if (code == CHILD_NO_PROGRAM)
		return fail(ENOENT, "there is no curl to fetch it with: install curl, or pipe the bundle "
				    "into cowboot install -");
	return again ? fetch_later(f, words) : fail(EIO, "%s (curl's exit code %d)", words, code);
}
