/* SPDX-License-Identifier: MIT */
/*
 * Goes through a scenario: runs it, cuts each of its lives at every point, runs what is left of
 *each cut, and cuts that too.  A state of disks and ledger is gone through once.
 *
 * An id tells the way to a state: SCENARIO:STEP/STEP/…, where a step is
 *	d3	damage number 3, before anything else
 *	1c12v4	in the second life from there, after its step 12, crash state number 4
 *	0f7	in the first life the seventh call fails; 0F7: and all of its kind after it; 0k7:
 *the command is killed there; 0l7: its seventh flush that could be a lie is one; 0L7: and all of that
 *disk after it, until the record is written
 */
#ifndef SIM_EXPLORE_H
#define SIM_EXPLORE_H

#include "scenario.h"

struct found {
	uint64_t states; /* distinct ones that a cut left; alike.h */
	uint64_t lives; /* run for it */
	uint64_t faults; /* calls that were made to fail */
	uint64_t lies; /* flushes that were made lies */
	unsigned longest; /* lives until rest */
	unsigned failures;
	double seconds;
};

struct limits {
	unsigned cuts; /* at most so many, before a failing call and after it; else the scenario's
			  own */
	bool first; /* the first failure ends the scenario */
};

/* Prints failures through print. */
void explore(const struct scenario *s, const struct limits *limits, void (*print)(const char *line),
	     struct found *ret_found);

/* Runs one id alone, loudly. 0, 1 when it fails, 2 when there is no such way. */
int explore_replay(const struct scenario *s, const char *steps);

#endif
