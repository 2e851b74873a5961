/* SPDX-License-Identifier: MIT */
/*
 * The head of a server's answer, as curl shows it: that of each redirection, and then the one that counts.
 * A server may say anything here; no line of it is kept but for some numbers and the two words that say
 * whether a file is still the same.  Pure.
 */
#ifndef COWBOOT_BUNDLE_HTTPHEAD_H
#define COWBOOT_BUNDLE_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTPHEAD_BYTES_MAX (64u * 1024)	/* of all heads before one body */
#define HTTPHEAD_WORD_MAX 128		/* a longer ETag counts as none */

struct httphead {
	bool is_whole;			/* a body follows */
	unsigned status;
	bool has_range, has_length;
	uint64_t from_bytes, last_bytes, total_bytes;	/* Content-Range */
	uint64_t length_bytes;				/* Content-Length */
	char etag[HTTPHEAD_WORD_MAX];	/* a strong one, with its quotes; else empty */
	char modified[HTTPHEAD_WORD_MAX];
	size_t seen_bytes, line_bytes;
	bool in_lines;			/* the first line of this head was taken */
	char line[512];			/* what is longer is cut */
};

/* Begins zeroed. Takes bytes up to the end of the head that counts. -EPROTO, with the bare reason. */
int httphead_add(struct httphead *head, const uint8_t *data, size_t len_bytes, size_t *ret_used_bytes);

/* What If-Range takes; empty: the server does not say anything that could be compared. */
const char *httphead_mark(const struct httphead *head);

#endif
