/* SPDX-License-Identifier: MIT */
/* Where a verb has its bundle from: a file, standard input, or a server. */
#ifndef COWBOOT_CLI_INPUT_H
#define COWBOOT_CLI_INPUT_H

#include "bundle/curl.h"
#include "bundle/fetch.h"

struct input {
	char name[512];			/* what to call it in messages */
	int fd;				/* < 0: it is on a server, or not open */
	struct fetch *fetch;		/* NULL: it is not on a server */
	char headers[CURL_HEADERS_MAX];
};

#define INPUT_CLOSED { .fd = -1 }

/*
 * Opens what word says: a path, "-", or a URL.  header_file: lines for a server, or NULL.  Negative, with
 * the bare reason; input->name is there in any case.
 */
int input_open(struct input *input, const char *word, const char *header_file);

/* bundle_open on it; from a pipe, a signal ends the wait. bundle_may_skip is the caller's. */
int input_bundle(struct input *input, const struct trust *trust, struct bundle **ret_bundle);

/* From now on, of a full bundle only what is needed is read. */
void input_may_skip(struct input *input, struct bundle *bundle);

/* Tells how much of it has come from a server. */
void input_tell(const struct input *input, const struct bundle *bundle);

void input_close(struct input *input);

#endif
