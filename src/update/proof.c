/* SPDX-License-Identifier: MIT */
/*
 * Whether there is a proof, and how often it has failed.  Pure, and small: the boot asks it, too; the
 * reading is in prove.c, for the command alone.
 */
#include "update/proof.h"

#include "base/text.h"
#include "update/slots.h"
#include "update/store.h"

bool proof_can_be(const struct record *rec)
{
	for (unsigned v = 0; v < rec->volume_count; v++)
		if (!store_has_kept(&rec->volume[v]))
			return false;
	return true;
}

bool proof_may_be_recorded(const struct world *w)
{
	return record_may_use(&w->record, slots_configured(w->conf), 0, RECORD_IN_PROVING);
}

bool proof_is_spent(const struct record *rec)
{
	return record_proofs_failed(rec) >= PROOFS_MAX;
}

void proof_differing(const struct record *rec, char *buf, size_t size_bytes)
{
	struct text_out out;

	text_begin(&out, buf, size_bytes);
	for (unsigned v = 0; v < rec->volume_count; v++)
		if (rec->proof.differs >> v & 1)
			text_add(&out, "%s%s", out.len_bytes ? ", " : "", rec->volume[v].name);
}
