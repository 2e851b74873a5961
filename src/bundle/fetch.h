/* SPDX-License-Identifier: MIT */
/*
 * A bundle on a server, as a source for the reader: fetched by the system's curl, in a process of its own.
 * Where the server gives parts of the file, only what the reader wants is asked for; where not, it is read
 * through.  What has broken off is gone on with at the byte that was reached, if the file is still the
 * same.  Nothing here is believed to be the bundle: the reader checks every byte as from a file.
 */
#ifndef COWBOOT_BUNDLE_FETCH_H
#define COWBOOT_BUNDLE_FETCH_H

#include "bundle/reader.h"

struct fetch_options {
	const char *url;		/* that curl_is_url; kept by reference */
	const char *headers;		/* lines for the head of each request; kept by reference */
	unsigned connect_s, stall_s;	/* so long nobody answers, or not one byte comes: it broke off */
	unsigned tries;			/* in a row that bring less than 1 MiB each */
	unsigned wait_ms;		/* before the first of these; twice that before the next */
};

#define FETCH_CONNECT_S 30u
#define FETCH_STALL_S 30u
#define FETCH_TRIES 6u			/* with these waits, a minute */
#define FETCH_WAIT_MS 1000u

struct fetch;

/* Asks for nothing yet. ret_fetch is the caller's until fetch_close. -EINVAL, -ENOMEM. */
int fetch_open(const struct fetch_options *options, struct fetch **ret_fetch);

/* For bundle_open and bundle_may_skip; ctx is a struct fetch. -EIO with the bare reason. */
ssize_t fetch_read(void *ctx, void *buf, size_t len_bytes);
extern const struct bundle_seek fetch_seek;

/* For after bundle_open: whether the file there is as long as that, as far as the server says. */
int fetch_check_length(const struct fetch *fetch, uint64_t total_bytes);

/* How many bytes of the file have come so far; lives as long as fetch. */
const uint64_t *fetch_fetched_bytes(const struct fetch *fetch);

/* Ends what still runs, and frees it, NULL included. */
void fetch_close(struct fetch *fetch);

#endif
