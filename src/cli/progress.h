/* SPDX-License-Identifier: MIT */
/*
 * Progress of long work, on standard error: one line that is redrawn on a terminal, plain lines at
 * each tenth elsewhere.  Work that takes less than a second shows nothing.
 */
#ifndef COWBOOT_CLI_PROGRESS_H
#define COWBOOT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;	/* "installing system"; kept by reference */
	uint64_t total_bytes, done_bytes;
	uint64_t begun_ms, shown_ms;
	unsigned tenths;	/* last plain line */
	bool terminal, shown;
};

/* Begins at nothing done. total_bytes 0: not known, bytes only. */
void progress_begin(struct progress *p, const char *what, uint64_t total_bytes);

/* done_bytes in all so far. Cheap enough for every chunk. */
void progress_set(struct progress *p, uint64_t done_bytes);
void progress_add(struct progress *p, uint64_t more_bytes);

/* Ends what was shown, if anything. Call it before any other output, on failure too. */
void progress_end(struct progress *p);

#endif
