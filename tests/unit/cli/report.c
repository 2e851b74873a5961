/* SPDX-License-Identifier: MIT */
/*
 * `cowboot status` word for word: each report below against tests/golden/status/NAME.{txt,json}, so
 * that a change of what programs read shows in review.  COWBOOT_GOLDEN=write makes the files anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"

static struct record record;
static struct report report;

static void begin(enum phase phase, enum report_running running)
{
	memset(&record, 0, sizeof(record));
	memset(&report, 0, sizeof(report));
	record.phase = phase;
	record.generation = 12;
	record.last = (struct record_result){ .result = RESULT_MERGED, .when_s = 1763814896,
		.version_from = "12.4", .version_to = "12.5", .reason = "confirmed and merged" };
	if (phase != PHASE_IDLE) {
		snprintf(record.version_from, sizeof(record.version_from), "12.5");
		snprintf(record.version_to, sizeof(record.version_to), "12.6");
	}
	report.board = "qemu-virt";
	report.cowboot = "0.1.0";
	report.room = (struct report_room){ "/data/cowboot", 120586240, 0, 0 };
	report.meta = "/dev/vda3";
	report.record = &record;
	report.running = running;
	report.volume_count = 1;
	report.volume[0] = (struct report_volume){ .name = "system", .device = "/dev/mapper/system",
		.partition = "/dev/vda4", .mapped = "linear", .volume_bytes = 786432000 };
}

static void pending(struct report_volume *v, const char *mapped, uint64_t left)
{
	v->updated = true;
	v->image_bytes = 786432000;
	memset(v->new_digest, 0xa5, sizeof(v->new_digest));
	report.room.pending_bytes = 28704768;
	v->store_bytes = 28704768;
	v->chunk_bytes = 4096;
	v->exceptions = 6979;
	v->exceptions_left = left;
	snprintf(v->mapped, sizeof(v->mapped), "%s", mapped);
}

static void with_slots(char slot, struct loader_slots slots)
{
	report.has_slots = true;
	report.slot = slot;
	report.slots = (struct loader_state){ .health = LOADER_GOOD, .slots = slots };
}

static void compare(const char *name, const char *kind, const char *text)
{
	static char expected[16384];
	const char *mode = getenv("COWBOOT_GOLDEN");
	char path[128];
	size_t len_bytes;
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/status/%s.%s", name, kind);
	file = fopen(path, mode && !strcmp(mode, "write") ? "w+" : "r");
	if (!file)
		fail_msg("%s: cannot be opened", path);
	if (mode && !strcmp(mode, "write")) {
		assert_true(fputs(text, file) >= 0);
		assert_int_equal(fflush(file), 0);
		rewind(file);
	}
	len_bytes = fread(expected, 1, sizeof(expected) - 1, file);
	expected[len_bytes] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void check(const char *name)
{
	static char buf[16384];
	struct text_out out;

	text_begin(&out, buf, sizeof(buf));
	report_text(&report, &out);
	assert_false(out.full);
	compare(name, "txt", buf);
	text_begin(&out, buf, sizeof(buf));
	report_json(&report, &out);
	assert_false(out.full);
	compare(name, "json", buf);
}

static void idle(void **unused)
{
	(void)unused;
	begin(PHASE_IDLE, RUNNING_CONFIRMED);
	report.has_slots = true;
	report.slot = 'a';
	report.slots.health = LOADER_ABSENT;
	check("idle");
}

static void kept(void **unused)
{
	(void)unused;
	begin(PHASE_IDLE, RUNNING_CONFIRMED);
	with_slots('b', (struct loader_slots){ 'b', 0, 0 });
	record.kept.volume_count = 1;
	snprintf(record.kept.version, sizeof(record.kept.version), "12.4");
	record.kept.slot = 'a';
	record.kept.when_s = 1763814890;
	report.room.kept_bytes = 28704768;
	check("kept");
}

#define RELEASE(epoch, number) (UINT64_C(epoch) << 32 | (number))

static void released(void **unused)
{
	(void)unused;
	begin(PHASE_TRIAL, RUNNING_OLD);
	record.tries_left = record.tries_total = 3;
	record.releases = (struct record_releases){ .pending = RELEASE(1, 42), .floor = RELEASE(1, 40),
		.newest = RELEASE(1, 42), .newest_day = 20787, .newest_s = 1763814896 };
	pending(&report.volume[0], "linear", 6979);
	report.now_s = UINT64_C(20799) * 86400 + 86399;
	report.clock_right = true;
	check("released");
}

static void age_of(uint32_t created_day, uint64_t installed_s, uint64_t now_s, int64_t days,
		   const char *line)
{
	static char buf[16384];
	struct text_out out;

	record.releases = (struct record_releases){ .floor = RELEASE(0, 7), .newest = RELEASE(1, 42),
		.newest_day = created_day, .newest_s = installed_s };
	report.now_s = now_s;
	assert_int_equal(report_release_age(&report), days);
	text_begin(&out, buf, sizeof(buf));
	report_text(&report, &out);
	assert_non_null(strstr(buf, line));
}

static void age_of_a_release(void **unused)
{
	const uint64_t day_s = 86400;

	(void)unused;
	begin(PHASE_IDLE, RUNNING_CONFIRMED);
	age_of(20787, 20788 * day_s, 20788 * day_s, 1, "\nrelease  1.42 is the newest seen, created 2026-11-30, "
	       "1 day ago if the clock is right; none below 0.7 is taken\n");
	age_of(20787, 0, 20787 * day_s - 1, -1, "seen, created 2026-11-30; none");
	age_of(20787, 0, 0, -1, "seen, created 2026-11-30; none");
	age_of(0, 20788 * day_s, 20790 * day_s, 2, "seen, installed 2 days ago if the clock is right; none");
	age_of(0, 0, 20790 * day_s, -1, "seen; none");
}

static void trial(void **unused)
{
	(void)unused;
	begin(PHASE_TRIAL, RUNNING_TRIAL);
	record.tries_left = 2;
	record.tries_total = 3;
	pending(&report.volume[0], "snapshot", 6979);
	with_slots('b', (struct loader_slots){ 'a', 'b', 1 });
	report.explained = true;
	report.stores_why = "";
	report.plan = (struct plan){ PERSIST_SPEND, MAP_SNAPSHOT, THEN_BOOT, REASON_ON_TRIAL };
	check("trial");
}

static void refused(void **unused)
{
	(void)unused;
	begin(PHASE_TRIAL, RUNNING_OLD);
	record.tries_left = record.tries_total = 3;
	snprintf(record.refused, sizeof(record.refused), "no \"network\"");
	pending(&report.volume[0], "linear", 6979);
	with_slots('a', (struct loader_slots){ 'a', 'b', 0 });
	report.slots.untidy = true;
	report.explained = true;
	report.stores_why = "the store of system: exception 17: old chunk 9 is there twice";
	report.plan = (struct plan){ PERSIST_REVERT, MAP_LINEAR, THEN_BOOT, REASON_MARKED_BAD };
	check("refused");
}

/* To tell people to confirm it would be wrong. */
static void refused_while_it_runs(void **unused)
{
	(void)unused;
	begin(PHASE_TRIAL, RUNNING_TRIAL);
	record.tries_left = 2;
	record.tries_total = 3;
	snprintf(record.refused, sizeof(record.refused), "no network");
	pending(&report.volume[0], "snapshot", 6979);
	check("refused-trial");
}

static void merging(void **unused)
{
	(void)unused;
	begin(PHASE_MERGING, RUNNING_MERGING);
	pending(&report.volume[0], "snapshot-merge", 4396);
	report.volume_count = 2;
	report.volume[1] = (struct report_volume){ .name = "vendor", .device = "/dev/mapper/vendor",
		.partition = "/dev/vda5", .mapped = "linear", .volume_bytes = 67108864,
		.trouble = "Merge failed" };
	report.merge_percent = 37;
	with_slots('b', (struct loader_slots){ 'b', 0, 0 });
	report.copies.copy[1] = COPY_STALE;
	report.copies.repairable = true;
	snprintf(report.copies.why, sizeof(report.copies.why), "copy B is older than copy A");
	check("merging");
}

static void damaged(void **unused)
{
	(void)unused;
	begin(PHASE_IDLE, RUNNING_UNKNOWN);
	memset(&record, 0, sizeof(record));
	with_slots(0, (struct loader_slots){ 'a', 0, 0 });
	report.slots.health = LOADER_DAMAGED;
	report.copies.health = RECORD_DAMAGED;
	report.copies.copy[0] = report.copies.copy[1] = COPY_DAMAGED;
	snprintf(report.copies.why, sizeof(report.copies.why), "both copies are damaged");
	check("damaged");
}

static void nothing_there(void **unused)
{
	(void)unused;
	begin(PHASE_IDLE, RUNNING_UNKNOWN);
	memset(&record, 0, sizeof(record));
	report.board = "";
	report.room = (struct report_room){ "", 0, 0, 0 };
	report.meta = NULL;
	report.volume[0].partition[0] = report.volume[0].mapped[0] = '\0';
	report.volume[0].volume_bytes = 0;
	report.copies.health = RECORD_DAMAGED;
	check("absent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle),
		cmocka_unit_test(kept),
		cmocka_unit_test(released),
		cmocka_unit_test(age_of_a_release),
		cmocka_unit_test(trial),
		cmocka_unit_test(refused),
		cmocka_unit_test(refused_while_it_runs),
		cmocka_unit_test(merging),
		cmocka_unit_test(damaged),
		cmocka_unit_test(nothing_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
