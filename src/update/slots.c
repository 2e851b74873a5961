/* SPDX-License-Identifier: MIT */
/*
 * The order in which the boot loader is told, whichever it is.
 *
 * A loader that nobody has told anything starts what it always starts, which is the slot this boot
 * runs from: nothing is written where that is right, so that a board which never installed a kernel
 * has no boot block.
 */
#include "update/slots.h"

#include <errno.h>

#include "base/fail.h"

bool slots_configured(const struct conf *conf)
{
	return conf->boot[0][0] || conf->esp[0];
}

void slots_load(struct world *w)
{
	struct loader *loader = &w->loader;

	*loader = (struct loader){ .meta = &w->meta, .esp = w->has_esp ? &w->esp_part : NULL };
	for (unsigned i = 0; i < LOADER_SLOTS; i++)
		loader->slot[i] = w->has_boot[i] ? &w->boot_part[i] : NULL;
	if (w->conf->esp[0])
		loader->kind = &loader_systemd_boot;
	else if (w->conf->boot[0][0])
		loader->kind = &loader_uboot;
	loader_load(loader);
}

bool slots_tellable(const struct world *w)
{
	return w->loader.state.health != LOADER_FOREIGN && !w->loader.state.read_only;
}

/* What the loader does by its own state. false: nobody knows. */
static bool loader_does(const struct world *w, struct loader_slots *ret_slots)
{
	switch (w->loader.state.health) {
	case LOADER_GOOD:
		*ret_slots = w->loader.state.slots;
		return true;
	case LOADER_ABSENT:
		*ret_slots = (struct loader_slots){ w->conf->slot, 0, 0 };
		return w->conf->slot != 0;
	case LOADER_DAMAGED:
	case LOADER_FOREIGN:
		break;
	}
	return false;
}

char slots_next(const struct world *w)
{
	struct loader_slots is;

	if (!slots_configured(w->conf) || !loader_does(w, &is))
		return w->conf->slot;
	return loader_next(&is);
}

bool slots_known(const struct world *w)
{
	return w->loader.state.health == LOADER_GOOD || w->loader.state.health == LOADER_ABSENT;
}

bool slots_told(const struct world *w)
{
	struct loader_slots is;

	return loader_does(w, &is) && !is.trial && is.good != w->conf->slot;
}

/* What the loader should do by the record. false: the record knows of no slot. */
static bool wanted_slots(const struct world *w, struct loader_slots *ret_slots)
{
	const struct record *rec = &w->record;
	struct loader_slots wanted = { .good = rec->slot_old };

	if (!slots_configured(w->conf) || w->copies.health != RECORD_GOOD)
		return false;
	if (rec->slot && (rec->phase == PHASE_MERGING || rec->phase == PHASE_PROVING))
		wanted.good = rec->slot;
	if (rec->slot && rec->phase == PHASE_TRIAL && !rec->refused[0] && rec->tries_left) {
		wanted.trial = rec->slot;
		wanted.tries_left = (uint8_t)rec->tries_left;
	}
	*ret_slots = wanted;
	return wanted.good != 0;
}

bool slots_follow(const struct world *w)
{
	struct loader_slots is, wanted;

	if (!wanted_slots(w, &wanted))
		return true;
	if (!loader_does(w, &is) || is.good != wanted.good)
		return false;
	return !is.trial || is.trial == wanted.trial;
}

/*
 * Whether a stale copy lies beside the loader's state, which could one day bring back what it was told
 * before.
 */
static bool is_untidy(const struct world *w)
{
	return w->loader.state.health == LOADER_GOOD && w->loader.state.untidy;
}

int slots_arm(struct world *w)
{
	struct loader_slots wanted;

	if (!wanted_slots(w, &wanted) || !wanted.trial)
		return fail(EINVAL, "cannot tell the boot loader to try it: the slots are not known");
	return loader_save(&w->loader, &wanted);
}

int slots_disarm(struct world *w)
{
	struct loader_slots is, wanted;

	if (!wanted_slots(w, &wanted))
		return 0;
	/* Where the update brings no kernel, the loader knows nothing of it that could be taken back. */
	if (!slots_tellable(w) && !w->record.slot)
		return 0;
	wanted = (struct loader_slots){ .good = w->record.slot_old };
	if (loader_does(w, &is) && is.good == wanted.good && !is.trial && !is_untidy(w))
		return 0;
	return loader_save(&w->loader, &wanted);
}

int slots_end_trial(struct world *w)
{
	struct loader_slots is;

	if (!slots_configured(w->conf) || !loader_does(w, &is) || !is.trial)
		return 0;
	return loader_save(&w->loader, &(struct loader_slots){ .good = is.good });
}

int slots_settle(struct world *w)
{
	struct loader_slots wanted;

	if (!slots_follow(w)) {
		wanted_slots(w, &wanted);
		return loader_save(&w->loader, &wanted);
	}
	wanted = w->loader.state.slots;
	return is_untidy(w) && slots_configured(w->conf) ? loader_save(&w->loader, &wanted) : 0;
}
