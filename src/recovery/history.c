/* SPDX-License-Identifier: MIT */
/* Keeping a trial's log.  Must never write for a trial that was confirmed, nor a byte that is there already. */
#include "recovery/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "recovery/logs.h"
#include "update/live.h"

#define PANIC_BYTES_MAX (LOGFILE_BYTES_MAX / 2)

static char own[LOGS_BYTES_MAX], panic[LOGS_BYTES_MAX], kept[LOGFILE_BYTES_MAX + 1];

/* The end of a text, from the begin of a line on, in at most so many bytes. */
static const char *end_of(const char *text, size_t most_bytes)
{
	size_t len = strlen(text);
	const char *line;

	if (len <= most_bytes)
		return text;
	text += len - most_bytes;
	line = strchr(text, '\n');
	return line && line[1] ? line + 1 : text;
}

static int name_of(const struct world *w, const uint8_t id[RECORD_LOG_ID_BYTES],
		   struct store_dir *ret_dir, char ret_name[HISTORY_NAME_MAX],
		   char ret_path[HISTORY_PATH_MAX])
{
	char hex[2 * RECORD_LOG_ID_BYTES + 1];
	int rc = world_store_dir(w, ret_dir);

	if (rc)
		return rc;
	text_hex(hex, id, RECORD_LOG_ID_BYTES);
	(void)snprintf(ret_name, HISTORY_NAME_MAX, "%s.log", hex);
	(void)snprintf(ret_path, HISTORY_PATH_MAX, "%s/" LOGFILE_FOLDER "/%s", ret_dir->path, ret_name);
	return 0;
}

/* Whose log is to be kept: the trial's that runs, or that of the last result, which was given up. */
static bool find_id(const struct world *w, bool *ret_runs, uint8_t ret_id[RECORD_LOG_ID_BYTES])
{
	const struct record *rec = &w->record;
	const struct record_more *more = record_more_of(rec, &rec->last);

	*ret_runs = rec->phase == PHASE_TRIAL;
	if (*ret_runs) {
		memcpy(ret_id, rec->update_id, RECORD_LOG_ID_BYTES);
		return world_count_live(w, LIVE_TRIAL) == rec->volume_count;
	}
	if (rec->phase != PHASE_IDLE || rec->last.result != RESULT_REVERTED || !more)
		return false;
	memcpy(ret_id, more->log_id, RECORD_LOG_ID_BYTES);
	return true;
}

/* pstore's end into panic; empty: there is none. */
static void read_panic(void)
{
	size_t len;

	if (logs_panic(panic, sizeof(panic), &len))
		panic[0] = 0;
}

static int read_own(const char *more)
{
	size_t len;

	if (!more)
		return logs_kernel(own, sizeof(own), &len);
	(void)snprintf(own, sizeof(own), "%s", end_of(more, sizeof(own) - 1));
	return 0;
}

int history_keep(const struct world *w, const char *more, char ret_path[HISTORY_PATH_MAX])
{
	char name[HISTORY_NAME_MAX];
	uint8_t id[RECORD_LOG_ID_BYTES];
	struct store_dir dir;
	const char *end, *first;
	size_t len;
	bool runs;
	int rc;

	if (!find_id(w, &runs, id))
		return 0;
	read_panic();
	end = end_of(panic, PANIC_BYTES_MAX);
	rc = name_of(w, id, &dir, name, ret_path);
	if (!rc && runs)
		rc = read_own(more);
	if (rc)
		return rc;
	/* Of one that is over, what it has said itself is there already, or never will be. */
	if (!runs) {
		if (logfile_read(&dir, name, own, sizeof(own), &len))
			own[0] = 0;
		if (!*end || strstr(own, end))
			return 0;
	}
	first = end_of(own, LOGFILE_BYTES_MAX - strlen(end));
	len = (size_t)snprintf(kept, sizeof(kept), "%s%s", first, end);
	rc = logfile_save(&dir, name, kept, len);
	return rc ? rc : 1;
}

int history_read(const struct world *w, const struct record_more *more, char *buf, size_t size_bytes,
		 char ret_path[HISTORY_PATH_MAX])
{
	char name[HISTORY_NAME_MAX];
	struct store_dir dir;
	size_t len;
	int rc;

	if (!more || !w->data_dir)
		return -ENOENT;
	rc = name_of(w, more->log_id, &dir, name, ret_path);
	return rc ? rc : logfile_read(&dir, name, buf, size_bytes, &len);
}
