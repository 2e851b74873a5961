/* SPDX-License-Identifier: MIT */
/*
 * Progress of long work, on standard error: one line that is redrawn on a terminal, plain lines at
 * each tenth elsewhere; with the rate since it began, and how long the rest takes at that.  Work that
 * takes less than a second shows nothing.  For programs: JSON lines, which docs/status-json.md describes.
 */
#ifndef COWBOOT_BASE_PROGRESS_H
#define COWBOOT_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum progress_how { PROGRESS_TEXT, PROGRESS_JSON, PROGRESS_NONE };

/* How it is told from now on, by every step of this process; PROGRESS_TEXT without a call. */
void progress_tell(enum progress_how how);

/*
 * So many bytes of the bundle have come from a server, told by every step from now on; kept by reference.
 * NULL, as without a call: it comes from elsewhere.
 */
void progress_fetches(const uint64_t *fetched_bytes);

struct progress {
	const char *step;	/* what is done, a constant: "installing" */
	const char *object;	/* to what, or empty; kept by reference */
	uint64_t total_bytes, done_bytes;
	uint64_t begun_ms, shown_ms;
	unsigned tenths;	/* last plain line */
	bool terminal, shown;
};

/*
 * Begins at nothing done. total_bytes 0: not known, bytes only.  The steps that there are stand in
 * docs/status-json.md; they are never renamed.
 */
void progress_begin(struct progress *p, const char *step, const char *object, uint64_t total_bytes);

/* done_bytes in all so far. Cheap enough for every chunk. */
void progress_set(struct progress *p, uint64_t done_bytes);
void progress_add(struct progress *p, uint64_t more_bytes);

/* Ends what was shown, if anything. Call it before any other output, on failure too. */
void progress_end(struct progress *p);

#endif
