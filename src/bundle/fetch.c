/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a file on a server, in their order.  A curl that runs was asked for some ranges, and answers
 * with a head and a body for each.
 */
#include "bundle/fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/stop.h"
#include "base/sys.h"
#include "bundle/curl.h"
#include "bundle/fetch_parts.h"

#define GAINED_BYTES (1u << 20)		/* after so many, all tries are there again */

int fetch_open(const struct fetch_options *options, struct fetch **ret_fetch)
{
	struct fetch *f;
	int rc = curl_check_url(options->url);

	if (rc)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return fail_sys(ENOMEM, "cannot fetch it");
	f->o = *options;
	f->fd = -1;
	*ret_fetch = f;
	return 0;
}

void fetch_close(struct fetch *fetch)
{
	if (!fetch)
		return;
	fetch_stop(fetch, 0);
	ranges_free(&fetch->wanted);
	free(fetch);
}

/* ---- Its answer ------------------------------------------------------------------------------- */

static int has_changed(void)
{
	return fail(EIO, "the file there has changed since its first byte was read; begin anew");
}

/* All of it, where a part was asked for: good for the first byte only. */
static int take_stream(struct fetch *f)
{
	if (f->at_bytes)
		return !strcmp(f->mark, httphead_mark(&f->head)) ?
		       fail(EIO, "it broke off at byte %" PRIu64 ", and the server cannot go on there",
			    f->at_bytes) : has_changed();
	f->streams = true;
	f->total_bytes = f->head.has_length ? f->head.length_bytes : 0;
	f->body_bytes = 0;
	f->body_end_bytes = f->total_bytes ? f->total_bytes : UINT64_MAX;
	return 0;
}

static int take_part(struct fetch *f, const struct range *asked)
{
	const struct httphead *h = &f->head;
	const uint64_t end_bytes = asked->end_bytes < h->total_bytes ? asked->end_bytes : h->total_bytes;

	/* Less of it would be allowed, byte by byte to the end of days. */
	if (!h->has_range || h->from_bytes != asked->at_bytes || h->last_bytes + 1 != end_bytes)
		return fail(EIO, "the server sends another part than it was asked for");
	if (f->at_bytes && ((f->total_bytes && h->total_bytes != f->total_bytes) ||
			    strcmp(f->mark, httphead_mark(h))))
		return has_changed();
	f->total_bytes = h->total_bytes;
	f->body_bytes = h->from_bytes;
	f->body_end_bytes = end_bytes;
	return 0;
}

static int take_answer(struct fetch *f)
{
	const unsigned status = f->head.status;
	char why[128];
	bool again;
	int rc;

	if (status != 200 && status != 206) {
		const char *words = curl_status_words(status, &again);

		snprintf(why, sizeof(why), "the server answers %u: %s", status, words);
		return again ? fetch_later(f, why) : fail(EIO, "%s", why);
	}
	rc = status == 200 ? take_stream(f) : take_part(f, &f->asked[f->asked_next]);
	if (rc)
		return rc;
	f->asked_next++;
	if (!f->at_bytes)	/* nothing of another file was handed on */
		strcpy(f->mark, httphead_mark(&f->head));
	return 0;
}

/* More of what curl prints into f->in, unless there is some: 1; 0: it has ended. */
static int more(struct fetch *f)
{
	ssize_t got;

	if (f->in_at < f->in_len)
		return 1;
	for (;;) {
		int rc = stop_wait_input(f->fd);

		if (rc)
			return rc;
		got = sys_read(f->fd, f->in, sizeof(f->in));
		if (got == -EINTR)
			continue;
		if (got < 0)
			return fail_sys((int)-got, "cannot read what curl prints");
		f->in_at = 0;
		f->in_len = (size_t)got;
		f->fetched_bytes += f->in_len;
		return got > 0;
	}
}

static int read_head(struct fetch *f)
{
	while (!f->head.is_whole) {
		size_t used;
		int rc = more(f);

		if (rc <= 0)
			return rc ? rc : fetch_ended(f);
		rc = httphead_add(&f->head, f->in + f->in_at, f->in_len - f->in_at, &used);
		f->in_at += used;
		f->fetched_bytes -= used;
		if (rc)
			return rc;
	}
	return take_answer(f);
}

/*
 * Brings the answer to where the reader is: 1, the next byte is in f->in; 0: not yet, to be called again; or
 * negative.
 */
static int come_up(struct fetch *f)
{
	const bool last = f->asked_next == f->asked_count;
	size_t have;
	int rc;

	if (f->fd < 0)
		return fetch_ask(f);
	if (!f->head.is_whole)
		return read_head(f);
	if (f->at_bytes < f->body_bytes || (last && f->at_bytes >= f->body_end_bytes)) {
		fetch_stop(f, 0);
		return 0;
	}
	if (f->body_bytes == f->body_end_bytes) {
		memset(&f->head, 0, sizeof(f->head));
		return 0;
	}
	rc = more(f);
	if (rc <= 0)
		return rc ? rc : fetch_ended(f);
	if (f->body_bytes == f->at_bytes)
		return 1;
	have = f->in_len - f->in_at;
	if (have > f->body_end_bytes - f->body_bytes)
		have = (size_t)(f->body_end_bytes - f->body_bytes);
	if (have > f->at_bytes - f->body_bytes)
		have = (size_t)(f->at_bytes - f->body_bytes);
	f->in_at += have;
	f->body_bytes += have;
	return 0;
}

/* ---- What the reader calls -------------------------------------------------------------------- */

ssize_t fetch_read(void *ctx, void *buf, size_t len_bytes)
{
	struct fetch *f = ctx;
	size_t have;
	int rc = f->want_rc;

	while (!rc) {
		if (f->has_ended || (f->total_bytes && f->at_bytes >= f->total_bytes))
			return 0;
		rc = come_up(f);
	}
	if (rc < 0)
		return rc;
	have = f->in_len - f->in_at;
	if (have > f->body_end_bytes - f->body_bytes)
		have = (size_t)(f->body_end_bytes - f->body_bytes);
	if (have > len_bytes)
		have = len_bytes;
	memcpy(buf, f->in + f->in_at, have);
	f->in_at += have;
	f->body_bytes += have;
	f->at_bytes += have;
	f->gained_bytes += have;
	if (f->gained_bytes >= GAINED_BYTES)
		f->failures = 0;
	return (ssize_t)have;
}

static int skip(void *ctx, uint64_t len_bytes)
{
	struct fetch *f = ctx;

	if (f->streams)
		return -ESPIPE;
	if (f->total_bytes && len_bytes > f->total_bytes - f->at_bytes)
		return -EOVERFLOW;
	f->at_bytes += len_bytes;
	return 0;
}

static void want(void *ctx, uint64_t at_bytes, uint64_t len_bytes)
{
	struct fetch *f = ctx;
	int rc = ranges_add(&f->wanted, at_bytes, len_bytes);

	f->want_rc = f->want_rc ? f->want_rc : rc;
}

const struct bundle_seek fetch_seek = { .skip = skip, .want = want };

int fetch_check_length(const struct fetch *fetch, uint64_t total_bytes)
{
	if (!fetch->total_bytes || fetch->total_bytes == total_bytes)
		return 0;
	return fail(EBADMSG, "the file there has %" PRIu64 " bytes, and the bundle %" PRIu64,
		    fetch->total_bytes, total_bytes);
}

const uint64_t *fetch_fetched_bytes(const struct fetch *fetch)
{
	return &fetch->fetched_bytes;
}
