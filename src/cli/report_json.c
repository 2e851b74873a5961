/* SPDX-License-Identifier: MIT */
/*
 * The report as JSON, schema 1: docs/status-json.md.  Pure.  Keys are never renamed or dropped
 * within a schema, and each is always there: what is not known is null.
 */
#include <inttypes.h>

#include "base/release.h"
#include "cli/report.h"
#include "cli/results.h"
#include "decide/plan.h"

static const char *copy_word(enum copy_health health)
{
	switch (health) {
	case COPY_GOOD:
		return "good";
	case COPY_ZERO:
		return "zero";
	case COPY_STALE:
		return "stale";
	case COPY_FOREIGN:
		return "foreign";
	case COPY_DAMAGED:
		break;
	}
	return "damaged";
}

static const char *health_word(const struct report *r)
{
	if (!r->meta)
		return "absent";
	switch (r->copies.health) {
	case RECORD_GOOD:
		return "good";
	case RECORD_NEW:
		return "new";
	case RECORD_DAMAGED:
		break;
	}
	return "damaged";
}

static void add_volume(struct text_out *out, const struct report_volume *v)
{
	text_add(out, "{\"name\": ");
	text_add_json(out, v->name);
	text_add(out, ", \"device\": ");
	text_add_json(out, v->device);
	text_add(out, ", \"partition\": ");
	text_add_json_or_null(out, v->partition);
	if (v->partition[0])
		text_add(out, ", \"volume_bytes\": %" PRIu64, v->volume_bytes);
	else
		text_add(out, ", \"volume_bytes\": null");
	text_add(out, ", \"mapped\": ");
	text_add_json_or_null(out, v->mapped);
	text_add(out, ", \"trouble\": ");
	text_add_json_or_null(out, v->trouble);
	if (v->updated) {
		char hex[2 * RECORD_DIGEST_BYTES + 1];

		text_hex(hex, v->new_digest, RECORD_DIGEST_BYTES);
		text_add(out, ", \"store_bytes\": %" PRIu64 ", \"chunk_bytes\": %" PRIu32 ", "
			 "\"exceptions\": %" PRIu64 ", \"exceptions_left\": %" PRIu64 ", ",
			 v->store_bytes, v->chunk_bytes, v->exceptions, v->exceptions_left);
		text_add(out, "\"image_bytes\": %" PRIu64 ", \"new_blake2b\": \"%s\"}", v->image_bytes, hex);
	} else {
		text_add(out, ", \"store_bytes\": null, \"chunk_bytes\": null, \"exceptions\": "
			 "null, \"exceptions_left\": null, \"image_bytes\": null, \"new_blake2b\": null}");
	}
}

static void add_phase(const struct report *r, struct text_out *out)
{
	const struct record *rec = r->record;
	bool pending = report_known(r) && rec->phase != PHASE_IDLE;

	text_add(out, "  \"phase\": ");
	text_add_json_or_null(out, report_known(r) ? phase_name(rec->phase) : NULL);
	if (report_known(r) && rec->phase == PHASE_TRIAL)
		text_add(out, ",\n  \"tries_left\": %" PRIu32 ",\n  \"tries_total\": %" PRIu32,
			 rec->tries_left, rec->tries_total);
	else
		text_add(out, ",\n  \"tries_left\": null,\n  \"tries_total\": null");
	text_add(out, ",\n  \"running\": \"%s\",\n  \"version\": ", running_name(r->running));
	text_add_json_or_null(out, report_version(r));
	text_add(out, ",\n  \"version_from\": ");
	text_add_json_or_null(out, pending ? rec->version_from : NULL);
	text_add(out, ",\n  \"version_to\": ");
	text_add_json_or_null(out, pending ? rec->version_to : NULL);
	text_add(out, ",\n  \"refused\": ");
	text_add_json_or_null(out, pending ? rec->refused : NULL);
}

static void add_last(const struct report *r, struct text_out *out)
{
	text_add(out, ",\n  \"last\": {");
	result_json(&r->record->last, report_known(r), out);
	text_add(out, "}");
}

static void add_record(const struct report *r, struct text_out *out)
{
	text_add(out, ",\n  \"record\": {\"health\": \"%s\", \"copies\": ", health_word(r));
	if (r->meta)
		text_add(out, "[\"%s\", \"%s\"]", copy_word(r->copies.copy[0]),
			 copy_word(r->copies.copy[1]));
	else
		text_add(out, "[]");
	if (report_known(r))
		text_add(out, ", \"generation\": %" PRIu64, r->record->generation);
	else
		text_add(out, ", \"generation\": null");
	text_add(out, ", \"why\": ");
	text_add_json_or_null(out, r->copies.why);
	text_add(out, "}");
}

static void add_slot_letter(struct text_out *out, const char *key, char slot)
{
	if (slot)
		text_add(out, ", \"%s\": \"%c\"", key, slot);
	else
		text_add(out, ", \"%s\": null", key);
}

static void add_slots(const struct report *r, struct text_out *out)
{
	static const char *const words[] = { "absent", "good", "damaged", "foreign" };
	bool known = r->slots.health == LOADER_GOOD;
	const struct loader_slots *block = &r->slots.slots;

	text_add(out, ",\n  \"slots\": ");
	if (!r->has_slots) {
		text_add(out, "null");
		return;
	}
	text_add(out, "{\"block\": \"%s\"", words[r->slots.health]);
	add_slot_letter(out, "running", r->slot);
	add_slot_letter(out, "good", known ? block->good : 0);
	add_slot_letter(out, "trial", known ? block->trial : 0);
	if (known && block->trial)
		text_add(out, ", \"tries_left\": %u}", block->tries_left);
	else
		text_add(out, ", \"tries_left\": null}");
}

static void add_next_boot(const struct report *r, struct text_out *out)
{
	text_add(out, ",\n  \"next_boot\": ");
	if (!r->explained) {
		text_add(out, "null");
		return;
	}
	text_add(out, "{\"persist\": \"%s\", \"map\": \"%s\", \"then\": \"%s\", \"code\": ",
		 persist_name(r->plan.persist), map_name(r->plan.map), then_name(r->plan.then));
	text_add_json_or_null(out, reason_code(r->plan.reason));
	text_add(out, ", \"reason\": ");
	text_add_json_or_null(out, reason_text(r->plan.reason));
	text_add(out, ", \"detail\": ");
	text_add_json_or_null(out, r->stores_why);
	text_add(out, "}");
}

static void add_room(const struct report *r, struct text_out *out)
{
	const struct report_room *room = &r->room;

	text_add(out, ",\n  \"room\": {\"place\": ");
	text_add_json_or_null(out, room->place);
	if (room->place[0])
		text_add(out, ", \"free_bytes\": %" PRIu64, room->free_bytes);
	else
		text_add(out, ", \"free_bytes\": null");
	if (report_known(r))
		text_add(out, ", \"pending_bytes\": %" PRIu64 "}", room->pending_bytes);
	else
		text_add(out, ", \"pending_bytes\": null}");
}

static void add_kept(const struct report *r, struct text_out *out)
{
	const struct record_kept *kept = &r->record->kept;

	text_add(out, ",\n  \"kept\": ");
	if (!report_known(r) || !kept->volume_count) {
		text_add(out, "null");
		return;
	}
	text_add(out, "{\"version\": ");
	text_add_json_or_null(out, kept->version);
	text_add(out, ", \"bytes\": %" PRIu64, r->room.kept_bytes);
	add_slot_letter(out, "slot", kept->slot);
	if (kept->when_s)
		text_add(out, ", \"when\": %" PRIu64 "}", kept->when_s);
	else
		text_add(out, ", \"when\": null}");
}

static void add_release(struct text_out *out, const char *key, uint64_t release)
{
	char text[RELEASE_TEXT_MAX];

	release_text(release, text);
	text_add(out, "\"%s\": ", key);
	text_add_json_or_null(out, release ? text : NULL);
}

static void add_number_or_null(struct text_out *out, const char *key, int64_t value)
{
	if (value < 0)
		text_add(out, ", \"%s\": null", key);
	else
		text_add(out, ", \"%s\": %" PRId64, key, value);
}

static void add_releases(const struct report *r, struct text_out *out)
{
	const struct record_releases *seen = &r->record->releases;
	const int64_t days = report_release_age(r);
	char day[DAY_TEXT_MAX];

	text_add(out, ",\n  \"release\": ");
	if (!report_known(r) || (!seen->newest && !seen->floor)) {
		text_add(out, "null");
		return;
	}
	text_add(out, "{");
	add_release(out, "floor", seen->floor);
	text_add(out, ", ");
	add_release(out, "pending", record_release_pending(r->record));
	text_add(out, ", ");
	add_release(out, "newest", seen->newest);
	day_text(seen->newest_day, day);
	text_add(out, ", \"created\": ");
	text_add_json_or_null(out, seen->newest_day ? day : NULL);
	add_number_or_null(out, "installed", seen->newest_s ? (int64_t)seen->newest_s : -1);
	add_number_or_null(out, "age_days", days);
	text_add(out, ", \"clock_right\": %s}", r->clock_right ? "true" : "false");
}

void report_json(const struct report *r, struct text_out *out)
{
	text_add(out, "{\n  \"schema\": %d,\n  \"cowboot\": \"%s\",\n  \"board\": ", REPORT_SCHEMA,
		 r->cowboot);
	text_add_json_or_null(out, r->board);
	text_add(out, ",\n");
	add_phase(r, out);
	text_add(out, ",\n  \"volumes\": [");
	for (unsigned v = 0; v < r->volume_count; v++) {
		text_add(out, "%s\n    ", v ? "," : "");
		add_volume(out, &r->volume[v]);
	}
	text_add(out, "\n  ],\n  \"merge_percent\": ");
	if (report_known(r) && r->record->phase == PHASE_MERGING)
		text_add(out, "%u", r->merge_percent);
	else
		text_add(out, "null");
	add_room(r, out);
	add_kept(r, out);
	add_releases(r, out);
	add_last(r, out);
	add_record(r, out);
	add_slots(r, out);
	add_next_boot(r, out);
	text_add(out, "\n}\n");
}
