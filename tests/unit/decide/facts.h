/* SPDX-License-Identifier: MIT */
/* All facts there can be: one dimension per fact, each with its values' words. */
#ifndef TESTS_DECIDE_FACTS_H
#define TESTS_DECIDE_FACTS_H

#include <assert.h>
#include <stddef.h>

#include "decide/facts.h"

enum { ASKED, RECORD, PHASE, PLACES, VOLUMES, FAILED, REFUSED, TRIES, KERNEL, HEEDS, STORES, FLUSHES, IDLE,
       PROOF, DIMENSIONS };

struct dimension {
	const char *name;
	unsigned count;
	const char *value[FACT_FAILED_COUNT];
};

static const struct dimension dimension[DIMENSIONS] = {
	[ASKED] = { "asked", 2, { "no", "yes" } },
	[RECORD] = { "record", FACT_RECORD_COUNT, { "good", "new", "damaged", "absent" } },
	[PHASE] = { "phase", FACT_PHASE_COUNT, { "idle", "staging", "trial", "merging", "proving" } },
	[PLACES] = { "places", 2, { "right", "wrong" } },
	[VOLUMES] = { "volumes", 2, { "missing", "there" } },
	[FAILED] = { "failed", FACT_FAILED_COUNT,
		     { "nothing", "save", "slot", "map", "mount", "init", "origin", "mend" } },
	[REFUSED] = { "refused", 2, { "no", "yes" } },
	[TRIES] = { "tries", 2, { "none", "left" } },
	[KERNEL] = { "kernel", FACT_KERNEL_COUNT, { "right", "wrong", "unknown" } },
	[HEEDS] = { "heeds", 2, { "no", "yes" } },
	[STORES] = { "stores", FACT_STORES_COUNT, { "whole", "empty", "damaged", "missing" } },
	[FLUSHES] = { "flushes", 2, { "no", "yes" } },
	[PROOF] = { "proof", FACT_PROOF_COUNT, { "none", "due", "spent", "back" } },
	[IDLE] = { "idle", FACT_IDLE_KINDS, { "quiet", "count", "spent", "partial" } },
};

/* The facts that a value in each dimension makes. */
static inline struct facts facts_of(const unsigned value[DIMENSIONS])
{
	return (struct facts){
		.record = (enum fact_record)value[RECORD],
		.phase = (enum fact_phase)value[PHASE],
		.refused = value[REFUSED],
		.tries_left = value[TRIES],
		.stores = (enum fact_stores)value[STORES],
		.kernel = (enum fact_kernel)value[KERNEL],
		.loader_heeds = value[HEEDS],
		.failed = (enum fact_failed)value[FAILED],
		.misplaced = value[PLACES],
		.volumes_present = value[VOLUMES],
		.kernel_flushes = value[FLUSHES],
		.recovery_asked = value[ASKED],
		.idle = (enum fact_idle)value[IDLE],
		.proof = (enum fact_proof)value[PROOF],
	};
}

/* Counts value on from dimension first; false when all were seen. Start with zeros. */
static inline bool next_value(unsigned value[DIMENSIONS], unsigned first)
{
	for (unsigned d = DIMENSIONS; d-- > first;) {
		if (++value[d] < dimension[d].count)
			return true;
		value[d] = 0;
	}
	return false;
}

#endif
