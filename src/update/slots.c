/* SPDX-License-Identifier: MIT */
/*
 * The boot block follows the record.  What is written is flushed and read back before anything is
 * built on it.
 *
 * An absent block means that the loader starts what it always starts, which is the slot this boot
 * runs from: nothing is written where that is right, so a board that never installed a kernel has
 * none.
 */
#include "update/slots.h"

#include <errno.h>

#include "base/fail.h"
#include "update/esp.h"

bool slots_configured(const struct conf *conf)
{
	return conf->boot[0][0] || conf->esp[0];
}

void slots_load(struct world *w)
{
	if (w->conf->esp[0])
		esp_load(w, &w->slots);
	else if (w->conf->boot[0][0])
		bootblocks_load(&w->meta, &w->slots);
}

static int save(struct world *w, const struct bootblock *block)
{
	if (w->conf->esp[0])
		return esp_save(w, block, &w->slots);
	return bootblocks_save(&w->meta, block, &w->slots);
}

/* What the loader does by its own state. false: nobody knows. */
static bool loader_block(const struct world *w, struct bootblock *ret_block)
{
	switch (w->slots.health) {
	case BOOTBLOCK_GOOD:
		*ret_block = w->slots.block;
		return true;
	case BOOTBLOCK_ABSENT:
		*ret_block = (struct bootblock){ w->conf->slot, 0, 0 };
		return w->conf->slot != 0;
	case BOOTBLOCK_DAMAGED:
	case BOOTBLOCK_FOREIGN:
		break;
	}
	return false;
}

char slots_next(const struct world *w)
{
	struct bootblock block;

	if (!slots_configured(w->conf) || !loader_block(w, &block))
		return w->conf->slot;
	return bootblock_next(&block);
}

bool slots_told(const struct world *w)
{
	struct bootblock is;

	return loader_block(w, &is) && !is.trial && is.good != w->conf->slot;
}

/* What the loader should do by the record. false: the record knows of no slot. */
static bool wanted_block(const struct world *w, struct bootblock *ret_block)
{
	const struct record *rec = &w->record;
	struct bootblock block = { .good = rec->slot_old };

	if (!slots_configured(w->conf) || w->copies.health != RECORD_GOOD)
		return false;
	if (rec->slot && rec->phase == PHASE_MERGING)
		block.good = rec->slot;
	if (rec->slot && rec->phase == PHASE_TRIAL && !rec->refused[0] && rec->tries_left) {
		block.trial = rec->slot;
		block.tries_left = (uint8_t)rec->tries_left;
	}
	*ret_block = block;
	return block.good != 0;
}

bool slots_follow(const struct world *w)
{
	struct bootblock is, wanted;

	if (!wanted_block(w, &wanted))
		return true;
	if (!loader_block(w, &is) || is.good != wanted.good)
		return false;
	return !is.trial || is.trial == wanted.trial;
}

/* Both copies, or the spare would one day bring an older block back. */
static bool copies_differ(const struct world *w)
{
	return w->slots.health == BOOTBLOCK_GOOD && !w->slots.alike;
}

int slots_arm(struct world *w)
{
	struct bootblock wanted;

	if (!wanted_block(w, &wanted) || !wanted.trial)
		return fail(EINVAL, "cannot tell the boot loader to try it: the slots are not known");
	return save(w, &wanted);
}

int slots_disarm(struct world *w)
{
	struct bootblock is, wanted;

	if (!wanted_block(w, &wanted) || w->slots.health == BOOTBLOCK_FOREIGN)
		return 0;
	wanted = (struct bootblock){ .good = w->record.slot_old };
	if (loader_block(w, &is) && is.good == wanted.good && !is.trial && !copies_differ(w))
		return 0;
	return save(w, &wanted);
}

int slots_end_trial(struct world *w)
{
	struct bootblock is;

	if (!slots_configured(w->conf) || !loader_block(w, &is) || !is.trial)
		return 0;
	return save(w, &(struct bootblock){ .good = is.good });
}

int slots_settle(struct world *w)
{
	struct bootblock wanted;

	if (!slots_follow(w)) {
		wanted_block(w, &wanted);
		return save(w, &wanted);
	}
	return copies_differ(w) && slots_configured(w->conf) ?
	       save(w, &w->slots.block) : 0;
}
