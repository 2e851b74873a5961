/* SPDX-License-Identifier: MIT */
/*
 * The screen of recovery in plain words. Pure.  Must never claim what is not known: a record that
 * cannot be read says nothing of an update.
 */
#include <inttypes.h>

#include "recovery/model.h"

static const char *or_unknown(const char *version)
{
	return version[0] ? version : "?";
}

static void add_update(const struct record *rec, struct text_out *out)
{
	text_add(out, "%s -> %s", or_unknown(rec->version_from), or_unknown(rec->version_to));
}

static void add_partial(const struct record *rec, struct text_out *out)
{
	for (unsigned i = 0; i < RECORD_VOLUMES_MAX && rec->recovery.partial[i][0]; i++)
		text_add(out, "  The image of %s was not written whole. Put one onto it before the board "
			 "can boot.\n", rec->recovery.partial[i]);
}

static void add_idle(const struct view *v, struct text_out *out)
{
	const struct record *rec = v->record;

	text_add(out, "  No update is pending.\n");
	add_partial(rec, out);
	if (v->unknown)
		text_add(out, "  The configuration has no volume %s, so it may be any of those that there "
			 "are: put an\n  image onto each of them.\n", v->unknown);
	if (rec->last.result == RESULT_NONE)
		return;
	text_add(out, "  The last one, %s -> %s, was %s: %s.\n", or_unknown(rec->last.version_from),
		 or_unknown(rec->last.version_to), result_name(rec->last.result), rec->last.reason);
}

static void add_trial(const struct record *rec, struct text_out *out)
{
	text_add(out, "  The update ");
	add_update(rec, out);
	text_add(out, " is installed and not confirmed; %" PRIu32 " of %" PRIu32 " tries are left.\n"
		 "  The old system is whole on the disk.\n", rec->tries_left, rec->tries_total);
	if (rec->refused[0])
		text_add(out, "  It was refused (%s): the next boot goes back.\n", rec->refused);
}

static void add_merging(const struct record *rec, struct text_out *out)
{
	text_add(out, "  The update ");
	add_update(rec, out);
	text_add(out, " is confirmed and being merged.\n"
		 "  The old system is gone; the new one is whole only together with its stores.\n");
}

static void add_record(const struct view *v, struct text_out *out)
{
	text_add(out, "The record:\n");
	if (!v->configured) {
		text_add(out, "  Nothing is known: the board's configuration cannot be used.\n");
		return;
	}
	if (!v->meta) {
		text_add(out, "  Its partition is not there. An update may be pending, or half merged.\n");
		return;
	}
	if (v->copies.health == RECORD_DAMAGED) {
		text_add(out, "  It cannot be read: %s.\n  An update may be pending, or half merged.\n",
			 v->copies.why);
		return;
	}
	switch (v->record->phase) {
	case PHASE_STAGING:
		text_add(out, "  An install of %s was cut. The system is as it was.\n",
			 or_unknown(v->record->version_to));
		break;
	case PHASE_TRIAL:
		add_trial(v->record, out);
		break;
	case PHASE_MERGING:
		add_merging(v->record, out);
		break;
	case PHASE_PROVING:
		text_add(out, "  The update to %s is merged, and has yet to be proven.\n",
			 or_unknown(v->record->version_to));
		break;
	default:
		add_idle(v, out);
		break;
	}
}

static void add_next(const struct view *v, struct text_out *out)
{
	if (!v->configured)
		return;
	text_add(out, "Another boot would ");
	if (v->plan.then == THEN_RECOVERY)
		text_add(out, "end here again: %s.\n", reason_text(v->plan.reason));
	else
		text_add(out, "%s: %s.\n", v->plan.then == THEN_REBOOT ? "reboot" : "start a system",
			 reason_text(v->plan.reason));
}

void view_text(const struct view *v, struct text_out *out)
{
	text_add(out, "\n*** cowboot: recovery ***%s%s\n\nNo system was started: %s.\n",
		 v->board[0] ? "   board " : "", v->board, v->reason);
	if (v->detail[0])
		text_add(out, "  %s\n", v->detail);
	text_add(out, "\n");
	add_record(v, out);
	add_next(v, out);
	if (v->configured && !v->data)
		text_add(out, "data is not mounted.\n");
	text_add(out, "\n");
}

void view_choices(const struct view *v, struct text_out *out)
{
	for (int i = 0; i < CHOICE_COUNT; i++) {
		const enum choice choice = (enum choice)i;
		const char *refused = choice_refused(v, choice);

		/* Of use only where the record is damaged, and alarming elsewhere; or where there is one. */
		if ((choice == CHOICE_ANEW || choice == CHOICE_BACK) && refused)
			continue;
		if (refused)
			text_add(out, "   -  %-9s not now: %s\n", choice_word(choice), refused);
		else
			text_add(out, "  %2d  %-9s %s\n", i + 1, choice_word(choice),
				 choice_does(v, choice));
	}
	text_add(out, "\n");
}
