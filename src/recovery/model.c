/* SPDX-License-Identifier: MIT */
/*
 * Which choices there are. Pure.  Must never offer what would show a bare origin while a merge is
 * pending (I3), nor write over a record that cannot be read without having said what is lost (I4).
 */
#include "recovery/model.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

bool view_known(const struct view *v)
{
	return v->configured && v->meta && v->copies.health != RECORD_DAMAGED;
}

bool plan_merges(const struct plan *plan)
{
	return plan->map == MAP_MERGE || plan->persist == PERSIST_FINISH ||
	       (plan->persist == PERSIST_MEND && plan->map == MAP_LINEAR);
}

static bool can_merge(const struct view *v)
{
	return plan_merges(&v->plan);
}

static enum phase phase_of(const struct view *v)
{
	return view_known(v) ? v->record->phase : PHASE_IDLE;
}

static const char *no_record(const struct view *v)
{
	if (!v->configured)
		return "the board's configuration cannot be used";
	if (!v->meta)
		return "the record's partition is not there";
	if (v->copies.health == RECORD_DAMAGED)
		return "the record cannot be read";
	return NULL;
}

static const char *revert_refused(const struct view *v)
{
	switch (phase_of(v)) {
	case PHASE_TRIAL:
		return v->record->refused[0] ? "it is refused already, the next boot goes back" :
					       NULL;
	case PHASE_STAGING:
		return NULL;
	case PHASE_MERGING:
	case PHASE_PROVING:
		return "the update is confirmed, there is no way back";
	default:
		return "no update is pending";
	}
}

static const char *merge_refused(const struct view *v)
{
	if (phase_of(v) != PHASE_MERGING && phase_of(v) != PHASE_PROVING)
		return "no confirmed update is pending";
	return can_merge(v) ? NULL : reason_text(v->plan.reason);
}

static const char *back_refused(const struct view *v)
{
	if (!v->record->kept.volume_count)
		return "no old system is kept";
	switch (phase_of(v)) {
	case PHASE_IDLE:
	case PHASE_MERGING:
	case PHASE_PROVING:
		return NULL;
	default:
		return "an update is pending; revert it first, and boot";
	}
}

static const char *install_refused(const struct view *v)
{
	switch (phase_of(v)) {
	case PHASE_TRIAL:
		return "an update is pending; revert it first, and boot";
	case PHASE_MERGING:
		return "an update is being merged; finish that first";
	case PHASE_PROVING:
		return reason_text(REASON_MERGE_UNPROVEN);
	default:
		break;
	}
	if (v->record->recovery.partial[0][0])
		return "a volume is not whole; put an image onto it first";
	return NULL;
}

static const char *image_refused(const struct view *v)
{
	if (phase_of(v) != PHASE_IDLE && v->volume_misplaced && !v->volume_replaced)
		return "a volume's partition is not the one that the update was made for; "
		       "bring that back, or take the other one away";
	if (phase_of(v) == PHASE_MERGING && can_merge(v))
		return "an update is being merged; finish that first";
	if (phase_of(v) == PHASE_MERGING && v->plan.then != THEN_RECOVERY)
		return "an update waits for a kernel that can merge it";
	if (phase_of(v) == PHASE_PROVING && v->plan.then != THEN_RECOVERY)
		return reason_text(REASON_MERGE_UNPROVEN);
	if (phase_of(v) == PHASE_TRIAL && v->record->slot)
		return "the pending update has a kernel of its own; revert it first, and boot";
	return NULL;
}

const char *choice_refused(const struct view *v, enum choice choice)
{
	const bool needs_record = choice == CHOICE_REVERT || choice == CHOICE_MERGE ||
				  choice == CHOICE_INSTALL || choice == CHOICE_IMAGE ||
				  choice == CHOICE_BACK;
	const bool changes = choice == CHOICE_INSTALL || choice == CHOICE_IMAGE ||
			     choice == CHOICE_ANEW || choice == CHOICE_BACK;

	if (changes && !v->changes)
		return "this board is locked, and no password is configured that could open it";
	if (choice == CHOICE_SAVE && !v->configured && !v->changes)
		return "this board is locked, and which of its disks are its own is not known";
	if (needs_record && no_record(v))
		return no_record(v);
	if (needs_record && v->copies.read_only)
		return "a later cowboot has added to the record what this one would lose";
	switch (choice) {
	case CHOICE_REVERT:
		return revert_refused(v);
	case CHOICE_MERGE:
		return merge_refused(v);
	case CHOICE_INSTALL:
		return install_refused(v);
	case CHOICE_IMAGE:
		return image_refused(v);
	case CHOICE_BACK:
		return back_refused(v);
	case CHOICE_CHECK:
		if (!v->configured)
			return no_record(v);
		return v->checker ? NULL : "there is no e2fsck and no /etc/cowboot/fsck in this initramfs";
	case CHOICE_SHELL:
		return v->shell ? NULL : "this board gives none";
	case CHOICE_ANEW:
		if (!v->configured || !v->meta)
			return no_record(v);
		return v->copies.health == RECORD_DAMAGED ? NULL : "the record can be read";
	default:
		return NULL;
	}
}

static const char *image_loss(const struct view *v)
{
	switch (phase_of(v)) {
	case PHASE_TRIAL:
		return "What is on that volume is lost, and so is the pending update: it is dropped first.";
	case PHASE_STAGING:
		return "What is on that volume is lost, and what is left of the install that was cut.";
	case PHASE_MERGING:
	case PHASE_PROVING:
		if (v->volume_replaced)
			return "The partition with the unfinished update is not here, and another one is in "
			       "its place. What is on that one is lost, and the update can never be finished: "
			       "every volume of it needs an image before the board boots again. The old disk "
			       "holds a mixture of both systems: never put the old disk back without an image "
			       "on it.";
		return "What is on that volume is lost, and the update can never be finished: "
		       "every volume of it needs an image before the board boots again.";
	default:
		return v->unknown ? "What is on that volume is lost, and every other volume needs an image, "
				    "too, before the board boots again." :
				    "What is on that volume is lost.";
	}
}

const char *choice_loss(const struct view *v, enum choice choice)
{
	switch (choice) {
	case CHOICE_REVERT:
		return phase_of(v) == PHASE_TRIAL ?
		       "The pending update is lost; the board goes back to the old system." : NULL;
	case CHOICE_IMAGE:
		return image_loss(v);
	case CHOICE_BACK:
		return phase_of(v) == PHASE_IDLE ? NULL :
		       "The update is lost; the board goes back to the system before it.";
	case CHOICE_ANEW:
		return v->stores_left ?
		       "There is a store, so an update was pending. If it was never confirmed, "
		       "the old system boots and the update is lost. If it was being merged, the "
		       "volumes are a mixture of both systems: then put an image onto each of them "
		       "before you boot. The next boot removes the store." :
		       "If an update was pending, it is lost. If one was being merged, the volumes are "
		       "a mixture of both systems: then put an image onto each of them before you boot.";
	default:
		return NULL;
	}
}

static const char *const words[] = {
	[CHOICE_AGAIN] = "again",   [CHOICE_REVERT] = "revert",	    [CHOICE_MERGE] = "merge",
	[CHOICE_INSTALL] = "install", [CHOICE_IMAGE] = "image",	    [CHOICE_CHECK] = "check",
	[CHOICE_LOGS] = "logs",	    [CHOICE_SAVE] = "save",	    [CHOICE_SHELL] = "shell",
	[CHOICE_REBOOT] = "reboot", [CHOICE_POWEROFF] = "poweroff", [CHOICE_ANEW] = "anew",
	[CHOICE_BACK] = "rollback",
};

_Static_assert(ARRAY_SIZE(words) == CHOICE_COUNT, "every choice has a word");

const char *choice_word(enum choice choice)
{
	return (unsigned)choice < CHOICE_COUNT ? words[choice] : "unknown";
}

const char *choice_does(const struct view *v, enum choice choice)
{
	switch (choice) {
	case CHOICE_AGAIN:
		return "try to boot again, from the beginning";
	case CHOICE_REVERT:
		return phase_of(v) == PHASE_STAGING ? "drop what is left of an install that was cut" :
						      "drop the pending update, go back to the old system";
	case CHOICE_MERGE:
		return "finish the pending merge here, without booting";
	case CHOICE_INSTALL:
		return "install a bundle from a USB stick or a card";
	case CHOICE_IMAGE:
		return "put a whole image from a stick onto a volume";
	case CHOICE_CHECK:
		return "check the file systems";
	case CHOICE_LOGS:
		return "show the logs of this boot, and of the last panic";
	case CHOICE_SAVE:
		return "save the logs to a stick";
	case CHOICE_SHELL:
		return "a shell, with the tools there are";
	case CHOICE_REBOOT:
		return "reboot the board";
	case CHOICE_POWEROFF:
		return "power off";
	case CHOICE_ANEW:
		return "make a new record: no update is pending";
	case CHOICE_BACK:
		return phase_of(v) == PHASE_IDLE ? "try the system before this one, which is kept" :
						   "go back to the system before, which is kept";
	default:
		return "";
	}
}

int choice_parse(const char *typed, enum choice *ret_choice)
{
	uint64_t number;

	if (!text_number(typed, CHOICE_COUNT, &number) && number) {
		*ret_choice = (enum choice)(number - 1);
		return 0;
	}
	for (int i = 0; i < CHOICE_COUNT; i++)
		if (strcmp(typed, words[i]) == 0) {
			*ret_choice = (enum choice)i;
			return 0;
		}
	return -EINVAL;
}
