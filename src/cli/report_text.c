/* SPDX-License-Identifier: MIT */
/* The report for people: one fact a line, nothing that is not known.  Pure. */
#include <inttypes.h>
#include <time.h>

#include "base/bytes.h"
#include "base/release.h"
#include "cli/report.h"
#include "cli/results.h"
#include "decide/plan.h"

const char *running_name(enum report_running running)
{
	static const char *const names[] = { "confirmed", "old", "trial", "merging", "unknown" };

	_Static_assert(ARRAY_SIZE(names) == RUNNING_COUNT, "every state has a name");
	return (unsigned)running < RUNNING_COUNT ? names[running] : "unknown";
}

bool report_known(const struct report *r)
{
	return r->meta && r->copies.health != RECORD_DAMAGED;
}

static const char *or_unknown(const char *version)
{
	return version[0] ? version : "?";
}

/* 28.6 MB; decimal units, as disks are sold. */
static void add_size(struct text_out *out, uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	uint64_t tenths = bytes / 100;
	size_t u = 0;

	for (; tenths >= 10000 && u + 1 < ARRAY_SIZE(units); u++)
		tenths /= 1000;
	text_add(out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[u]);
}

static void add_phase(const struct report *r, struct text_out *out)
{
	const struct record *rec = r->record;

	if (!report_known(r)) {
		text_add(out, "phase    unknown: the record cannot be used\n");
		return;
	}
	text_add(out, "phase    %s", phase_name(rec->phase));
	if (rec->phase != PHASE_IDLE)
		text_add(out, ", %s -> %s", or_unknown(rec->version_from),
			 or_unknown(rec->version_to));
	if (rec->phase == PHASE_TRIAL)
		text_add(out, ", %" PRIu32 " of %" PRIu32 " tries left", rec->tries_left,
			 rec->tries_total);
	if (rec->phase == PHASE_MERGING)
		text_add(out, ", %u %% merged", r->merge_percent);
	if (rec->phase == PHASE_PROVING)
		text_add(out, ", merged and not proven yet");
	if (record_proofs_failed(rec))
		text_add(out, ", proofs failed: %" PRIu32, record_proofs_failed(rec));
	text_add(out, "\n");
	if (rec->refused[0])
		text_add(out, "refused  %s\n", rec->refused);
}

const char *report_version(const struct report *r)
{
	const struct record_result *last = &r->record->last;

	switch (r->running) {
	case RUNNING_CONFIRMED:
		return last->result == RESULT_MERGED || last->result == RESULT_RESTORED ?
			       last->version_to : last->version_from;
	case RUNNING_OLD:
		return r->record->version_from;
	case RUNNING_TRIAL:
	case RUNNING_MERGING:
		return r->record->version_to;
	case RUNNING_UNKNOWN:
	case RUNNING_COUNT:
		break;
	}
	return "";
}

static void add_running(const struct report *r, struct text_out *out)
{
	static const char *const words[] = {
		[RUNNING_CONFIRMED] = "the confirmed system",
		[RUNNING_OLD] = "the old system",
		[RUNNING_TRIAL] = "the trial; cowboot mark-good confirms it",
		[RUNNING_MERGING] = "confirmed and merging",
		[RUNNING_UNKNOWN] = "not known: the volumes are not mapped as cowboot maps them",
	};
	const char *version = report_version(r), *what = words[r->running];

	if (r->running == RUNNING_MERGING && r->record->phase == PHASE_PROVING)
		what = "confirmed and merged; cowboot merge --wait proves it";
	if (r->running == RUNNING_TRIAL && r->record->refused[0])
		what = "the trial, refused; reboot to go back";
	text_add(out, "running  %s%s%s\n", version, version[0] ? ", " : "", what);
}

static void add_volume(const struct report_volume *v, struct text_out *out)
{
	text_add(out, "%-8s %s, %s over %s", v->name, v->device,
		 v->mapped[0] ? v->mapped : "not mapped",
		 v->partition[0] ? v->partition : "a partition that is not there");
	if (v->volume_bytes) {
		text_add(out, " (");
		add_size(out, v->volume_bytes);
		text_add(out, ")");
	}
	if (v->updated) {
		text_add(out, "; store ");
		add_size(out, v->store_bytes);
		text_add(out, ", %" PRIu64 " chunks of %" PRIu32 " bytes, %" PRIu64 " to merge",
			 v->exceptions, v->chunk_bytes, v->exceptions_left);
	}
	if (v->trouble[0])
		text_add(out, "; the kernel says \"%s\"", v->trouble);
	text_add(out, "\n");
}

static void add_last(const struct record_result *last, struct text_out *out)
{
	if (last->result == RESULT_NONE)
		return;
	text_add(out, "last     ");
	result_text(last, out);
	text_add(out, "\n");
}

static void add_kept(const struct report *r, struct text_out *out)
{
	const struct record_kept *kept = &r->record->kept;

	if (!report_known(r) || !kept->volume_count)
		return;
	text_add(out, "kept     %s can be had again, ", or_unknown(kept->version));
	add_size(out, r->room.kept_bytes);
	text_add(out, ", until the next install\n");
}

int64_t report_release_age(const struct report *r)
{
	const struct record_releases *seen = &r->record->releases;
	const uint64_t day = seen->newest_day ? seen->newest_day : seen->newest_s / DAY_SECONDS;
	const uint64_t today = r->now_s / DAY_SECONDS;

	return !day || today < day ? -1 : (int64_t)(today - day);
}

static void add_releases(const struct report *r, struct text_out *out)
{
	const struct record_releases *seen = &r->record->releases;
	const int64_t days = report_release_age(r);
	char release[RELEASE_TEXT_MAX], day[DAY_TEXT_MAX];

	if (!report_known(r) || !seen->newest)
		return;
	release_text(seen->newest, release);
	text_add(out, "release  %s is the newest seen", release);
	day_text(seen->newest_day, day);
	if (seen->newest_day)
		text_add(out, ", created %s", day);
	if (days >= 0)
		text_add(out, ", %s%" PRId64 " day%s ago%s", seen->newest_day ? "" : "installed ", days,
			 days == 1 ? "" : "s", r->clock_right ? "" : " if the clock is right");
	release_text(seen->floor, release);
	if (seen->floor)
		text_add(out, "; none below %s is taken", release);
	text_add(out, "\n");
}

static void add_record(const struct report *r, struct text_out *out)
{
	if (!r->meta)
		text_add(out, "record   absent: its partition is not there\n");
	else if (r->copies.health == RECORD_DAMAGED)
		text_add(out, "record   damaged, on %s: %s\n", r->meta, r->copies.why);
	else if (r->copies.health == RECORD_NEW)
		text_add(out, "record   new, on %s\n", r->meta);
	else
		text_add(out, "record   %s, generation %" PRIu64 ", on %s%s%s\n",
			 r->copies.repairable ? "usable" : "good", r->record->generation, r->meta,
			 r->copies.why[0] ? ": " : "", r->copies.why);
}

static const char *persist_words(enum plan_persist persist)
{
	switch (persist) {
	case PERSIST_DROP:
		return "drop the install that was cut";
	case PERSIST_SPEND:
		return "spend a try";
	case PERSIST_REVERT:
		return "go back for good";
	case PERSIST_FINISH:
		return "end the merge";
	case PERSIST_SLOT:
		return "tell the boot loader";
	case PERSIST_ASK:
		return "note that the boot loader is asked";
	case PERSIST_TALLY:
		return "count the boot";
	case PERSIST_MEND:
		return "compare what was merged";
	case PERSIST_BACK:
		return "turn the merge back";
	case PERSIST_NOTHING:
	case PERSIST_COUNT:
		break;
	}
	return NULL;
}

void report_next_boot(const struct report *r, struct text_out *out)
{
	const char *persist = persist_words(r->plan.persist);

	text_add(out, "next boot: ");
	if (r->plan.map != MAP_NOTHING)
		text_add(out, "map %s, ", map_name(r->plan.map));
	if (persist)
		text_add(out, "%s, ", persist);
	text_add(out, "%s: %s", then_name(r->plan.then), reason_text(r->plan.reason));
	if (r->stores_why && r->stores_why[0])
		text_add(out, " (%s)", r->stores_why);
	text_add(out, "\n");
}

/* The slot that this boot is from, and what the boot loader will do. */
static void add_slot(const struct report *r, struct text_out *out)
{
	const struct loader_slots *block = &r->slots.slots;

	if (!r->has_slots)
		return;
	if (r->slot)
		text_add(out, "slot     %c; ", r->slot);
	else
		text_add(out, "slot     not known; ");
	switch (r->slots.health) {
	case LOADER_ABSENT:
		text_add(out, "no update has brought a kernel yet\n");
		return;
	case LOADER_DAMAGED:
		text_add(out, "the boot block is damaged\n");
		return;
	case LOADER_FOREIGN:
		text_add(out, "the boot block is of a later version\n");
		return;
	case LOADER_GOOD:
		break;
	}
	text_add(out, "the boot loader starts %c", loader_next(block));
	if (block->trial && block->tries_left)
		text_add(out, ", %u time%s at most, then %c", block->tries_left,
			 block->tries_left == 1 ? "" : "s", block->good);
	if (block->trial && !block->tries_left)
		text_add(out, ", all tries of %c are spent", block->trial);
	text_add(out, "%s%s\n", r->slots.untidy ? "; one copy of the boot block differs" : "",
		 r->slots.read_only ? "; a later cowboot has added to the boot block, so that it "
				      "cannot be told anything" : "");
}

void report_text(const struct report *r, struct text_out *out)
{
	add_phase(r, out);
	add_running(r, out);
	add_slot(r, out);
	for (unsigned v = 0; v < r->volume_count; v++)
		add_volume(&r->volume[v], out);
	add_kept(r, out);
	add_releases(r, out);
	add_last(&r->record->last, out);
	add_record(r, out);
	if (r->explained)
		report_next_boot(r, out);
}
