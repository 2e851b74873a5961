/* SPDX-License-Identifier: MIT */
/* Counting in the record.  Must never save one that could not be read (I4). */
#include "recovery/count.h"

#include "base/fail.h"
#include "base/log.h"

bool count_possible(const struct world *w)
{
	return w->meta.fd >= 0 && w->copies.health != RECORD_DAMAGED;
}

static bool note(struct world *w, const struct record_recovery *recovery)
{
	struct record *next = world_edit(w);

	next->recovery = *recovery;
	if (!world_save(w, next))
		return true;
	log_error("%s", fail_text());
	return false;
}

void count_take_back(struct world *w)
{
	struct record_recovery recovery = w->record.recovery;
	const unsigned after = w->conf ? w->conf->recovery_after : 0;

	if (!count_possible(w) || (!recovery.asked && (!after || recovery.idle_boots < after)))
		return;
	recovery.asked = false;
	recovery.idle_boots = 0;
	note(w, &recovery);
}

bool count_reboot(struct world *w)
{
	struct record_recovery recovery = w->record.recovery;

	recovery.reboots++;
	return note(w, &recovery);
}

bool count_late_reboot(struct world *w, uint32_t before)
{
	struct record_recovery recovery = w->record.recovery;

	if (!w->has_meta || w->copies.health == RECORD_DAMAGED ||
	    dev_open(w->meta_part.path, DEV_WRITE, &w->meta) < 0)
		return false;
	/* Every boot that gets so far has set the record's own count back (persist_reached): hence before. */
	recovery.reboots = before + 1;
	recovery.asked = recovery.reboots > w->conf->recovery_reboots;
	if (recovery.asked)
		recovery.reboots = 0;
	return note(w, &recovery);
}
