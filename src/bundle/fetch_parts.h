/* SPDX-License-Identifier: MIT */
/* What the files of the source share, and nobody else: fetch.c, fetch_ask.c. */
#ifndef COWBOOT_BUNDLE_FETCH_PARTS_H
#define COWBOOT_BUNDLE_FETCH_PARTS_H

#include "bundle/fetch.h"
#include "bundle/httphead.h"
#include "bundle/ranges.h"

#define ASKED_MAX 16u			/* ranges of one curl, which it gets through one connection */
#define POLL_MS 500u

struct fetch {
	struct fetch_options o;
	struct ranges wanted;
	int want_rc;			/* want could not note it */
	uint64_t at_bytes;		/* where the reader is */
	uint64_t total_bytes;		/* of the file there; 0: not known */
	uint64_t fetched_bytes;
	bool streams;			/* the server does not give parts */
	bool has_ended;			/* where it has not said how long that is */
	char mark[HTTPHEAD_WORD_MAX];	/* of the file that the first byte was from */
	unsigned failures;		/* since something was gained */
	uint64_t gained_bytes;

	int child, fd;			/* fd < 0: none runs */
	struct range asked[ASKED_MAX];
	size_t asked_count, asked_next;
	struct httphead head;
	uint64_t body_bytes, body_end_bytes;	/* of the file: the next byte of this body, and its end */
	size_t in_at, in_len;
	uint8_t in[16 * 1024];
};

/* Asks for what the reader wants next, with a curl that was started for it. */
int fetch_ask(struct fetch *f);

/* Ends the curl that runs, if any; its exit code, if it has ended by itself in that time. */
int fetch_stop(struct fetch *f, unsigned limit_ms);

/* It broke off, with the reason in why. 0: after a while, to be asked for again. */
int fetch_later(struct fetch *f, const char *why);

/* What curl prints has ended, before all was there: as fetch_later, or why that cannot help. */
int fetch_ended(struct fetch *f);

#endif
