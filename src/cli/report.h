/* SPDX-License-Identifier: MIT */
/*
 * What `cowboot status` tells, as plain data, and the two ways of telling it.  The text functions
 * are pure; status.c gathers.  Keys and meaning of the JSON: docs/status-json.md.
 */
#ifndef COWBOOT_CLI_REPORT_H
#define COWBOOT_CLI_REPORT_H

#include "base/text.h"
#include "conf/conf.h"
#include "decide/decide.h"
#include "loader/loader.h"
#include "state/copies.h"

#define REPORT_SCHEMA 1
#define REPORT_VOLUMES_MAX CONF_VOLUMES_MAX

struct report_volume {
	char name[32];
	char device[48];		/* "/dev/mapper/system" */
	char partition[48];		/* "/dev/vda5"; empty: not there */
	char mapped[24];		/* the kernel's word; empty: no such device */
	char trouble[32];		/* "Merge failed", "Invalid", "Overflow"; empty: none */
	uint64_t volume_bytes;
	bool updated;			/* by the pending update; the rest counts only then */
	uint64_t store_bytes, exceptions, exceptions_left;
	uint32_t chunk_bytes;
	uint64_t image_bytes;
	uint8_t new_digest[RECORD_DIGEST_BYTES];	/* BLAKE2b-256 of the new image */
};

/* Where the next update's stores go. */
struct report_room {
	char place[CONF_PATH_MAX + 16];	/* a folder or a partition; empty: not there now */
	uint64_t free_bytes;
	uint64_t pending_bytes, kept_bytes;	/* the pending update's, and the kept system's */
};

/* What runs, judged by the devices and not by the record alone. */
enum report_running {
	RUNNING_CONFIRMED,		/* no update is armed */
	RUNNING_OLD,			/* a trial is armed, and this boot does not run it */
	RUNNING_TRIAL,
	RUNNING_MERGING,
	RUNNING_UNKNOWN,		/* the volumes are not mapped as cowboot maps them */
	RUNNING_COUNT
};

struct report {
	const char *board;		/* empty: not known */
	const char *cowboot;		/* the version of this command */
	struct report_room room;
	const char *meta;		/* path of the record's partition; NULL: it is not there */
	struct copies copies;
	const struct record *record;	/* idle where the record cannot be used */
	uint64_t now_s;			/* the wall clock, seconds since 1970; 0: not set */
	bool clock_right;		/* update/release.h */
	enum report_running running;
	unsigned volume_count;
	struct report_volume volume[REPORT_VOLUMES_MAX];
	unsigned merge_percent;		/* counts in phase merging */
	bool has_slots;			/* the configuration names boot slots */
	char slot;			/* that this boot is from; 0: not known */
	struct loader_state slots;	/* what the boot loader will do */
	bool explained;			/* the rest counts */
	struct plan plan;
	const char *stores_why;		/* what is wrong with a store, or empty */
};

const char *running_name(enum report_running running);

/* The version that runs; empty when it is not known. */
const char *report_version(const struct report *r);

/* Whether a record could be read at all: the phase and what hangs on it are known. */
bool report_known(const struct report *r);

void report_text(const struct report *r, struct text_out *out);
void report_json(const struct report *r, struct text_out *out);

/*
 * Days since the newest bundle was created, or else installed; -1: nobody knows, for want of a day or of
 * a clock that is not before it.
 */
int64_t report_release_age(const struct report *r);

/* "next boot: map snapshot, spend a try, boot: REASON" */
void report_next_boot(const struct report *r, struct text_out *out);

#endif
