/* SPDX-License-Identifier: MIT */
/*
 * Who on the board can read the record.  Pure.  Must never say of an init that it knows more than it
 * has said itself.
 */
#include "state/features.h"

#include <string.h>

#include "state/record.h"

static enum record_init init_of(char slot)
{
	return slot == 'a' ? RECORD_INIT_A : slot == 'b' ? RECORD_INIT_B : RECORD_INIT_ONLY;
}

void record_note_init(struct record *rec, char slot)
{
	rec->knows[init_of(slot)] = (struct record_knows){
		.format = RECORD_FORMAT,
		.ro_compat = RECORD_RO_KNOWN,
		.incompat = RECORD_IN_KNOWN,
	};
}

void record_note_knows(struct record *rec, char slot, const struct record_knows *said)
{
	rec->knows[init_of(slot)] = *said;
}

void record_forget_init(struct record *rec, char slot)
{
	memset(&rec->knows[init_of(slot)], 0, sizeof(rec->knows[0]));
}

static bool knows(const struct record_knows *init, uint32_t ro_compat, uint32_t incompat)
{
	return init->format >= RECORD_FORMAT && (ro_compat & ~init->ro_compat) == 0 &&
	       (incompat & ~init->incompat) == 0;
}

bool record_may_use(const struct record *rec, bool has_slots, uint32_t ro_compat,
		    uint32_t incompat)
{
	if (!has_slots)
		return knows(&rec->knows[RECORD_INIT_ONLY], ro_compat, incompat);
	return knows(&rec->knows[RECORD_INIT_A], ro_compat, incompat) &&
	       knows(&rec->knows[RECORD_INIT_B], ro_compat, incompat);
}

bool record_may_keep(const struct record *rec, bool has_slots)
{
	if (!has_slots || (!rec->slot_old && !rec->slot))
		return knows(&rec->knows[RECORD_INIT_ONLY], RECORD_RO_KEPT, 0);
	if (!rec->slot_old || !knows(&rec->knows[init_of(rec->slot_old)], RECORD_RO_KEPT, 0))
		return false;
	return !rec->slot || knows(&rec->knows[init_of(rec->slot)], RECORD_RO_KEPT, 0);
}

uint32_t record_ro_compat(const struct record *rec)
{
	return rec->kept.volume_count ? RECORD_RO_KEPT : 0;
}

uint32_t record_incompat(const struct record *rec)
{
	return rec->phase == PHASE_PROVING ? RECORD_IN_PROVING : 0;
}
