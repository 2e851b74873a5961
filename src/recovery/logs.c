/* SPDX-License-Identifier: MIT */
/*
 * Reading the logs, and writing them to a folder.  Must never write over what is there already: each
 * time it is a folder of its own.  pstore is read and never emptied.
 */
#include "recovery/logs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/sys.h"
#include "base/text.h"
#include "recovery/answer.h"

#define FOLDERS_MAX 1000

static char text[LOGS_BYTES_MAX];

/* "<6>[    1.2] text" becomes "[    1.2] text". */
static size_t drop_levels(char *log)
{
	char *to = log;

	for (const char *line = log; *line;) {
		const char *end = strchr(line, '\n');
		const char *next = end ? end + 1 : line + strlen(line);
		const char *begin = line;

		if (*line == '<' && strspn(line + 1, "0123456789") &&
		    line[1 + strspn(line + 1, "0123456789")] == '>')
			begin = strchr(line, '>') + 1;
		memmove(to, begin, (size_t)(next - begin));
		to += next - begin;
		line = next;
	}
	*to = 0;
	return (size_t)(to - log);
}

int logs_kernel(char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	int rc = sys_kernel_log(buf, size_bytes, ret_len_bytes);

	if (rc)
		return fail_sys(-rc, "cannot read the kernel's log");
	*ret_len_bytes = drop_levels(buf);
	return 0;
}

size_t logs_keep(char *log, const char *word)
{
	char *to = log;

	for (char *line = log; *line;) {
		char *end = strchr(line, '\n');
		char *next = end ? end + 1 : line + strlen(line);
		const char kept = *next;
		bool has;

		*next = 0;
		has = strstr(line, word) != NULL;
		*next = kept;
		if (has) {
			memmove(to, line, (size_t)(next - line));
			to += next - line;
		}
		line = next;
	}
	*to = 0;
	return (size_t)(to - log);
}

/* What a function for sys_each_name returns to end the listing with success. */
#define TAKEN 1

static int see_panic(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return TAKEN;
}

bool logs_pstore(void)
{
	/* It may be mounted already, or there is none: the folder tells. */
	(void)sys_mount("pstore", LOGS_PSTORE_DIR, "pstore", 0, NULL);
	return sys_each_name(LOGS_PSTORE_DIR, see_panic, NULL) == TAKEN;
}

static int add_panic(void *ctx, const char *name)
{
	struct text_out *out = ctx;
	char path[512];

	snprintf(path, sizeof(path), LOGS_PSTORE_DIR "/%s", name);
	if (sys_read_file(path, text, sizeof(text), NULL))
		return 0;
	text_add(out, "---- %s ----\n", name);
	/* text_add formats no more than a line; this is many. */
	for (const char *line = text; *line && !out->full;) {
		const size_t len = strcspn(line, "\n");

		text_add(out, "%.*s\n", (int)len, line);
		line += len + (line[len] != 0);
	}
	return 0;
}

int logs_panic(char *buf, size_t size_bytes, size_t *ret_len_bytes)
{
	struct text_out out;
	int rc;

	text_begin(&out, buf, size_bytes);
	rc = logs_pstore() ? sys_each_name(LOGS_PSTORE_DIR, add_panic, &out) : -ENOENT;
	if (!rc)
		*ret_len_bytes = out.len_bytes;
	return rc;
}

static int write_durably(const char *dir, const char *name, const char *data, size_t len_bytes)
{
	char path[1024];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	rc = sys_write_new(path, data, len_bytes);
	return rc ? fail_sys(-rc, "cannot write %s", path) : 0;
}

static int save_panic(void *ctx, const char *name)
{
	const char *dir = ctx;
	char path[512], to[128];
	size_t len;

	snprintf(path, sizeof(path), LOGS_PSTORE_DIR "/%s", name);
	if (sys_read_file(path, text, sizeof(text), &len))
		return 0;
	snprintf(to, sizeof(to), "pstore-%.100s", name);
	return write_durably(dir, to, text, len);
}

static int save_file(const char *from, const char *dir, const char *name)
{
	size_t len;

	/* What init could not write is missed in the folder, and no more. */
	if (sys_read_file(from, text, sizeof(text), &len))
		return 0;
	return write_durably(dir, name, text, len);
}

static int save_all(const char *dir, const char *more)
{
	size_t len;
	int rc = logs_kernel(text, sizeof(text), &len);

	if (!rc)
		rc = write_durably(dir, "kernel.log", text, len);
	if (!rc) {
		len = logs_keep(text, "cowboot: ");
		rc = write_durably(dir, "cowboot.log", text, len);
	}
	if (!rc)
		rc = write_durably(dir, "status.txt", more, strlen(more));
	if (!rc)
		rc = save_file("/run/cowboot/boot.json", dir, "boot.json");
	if (!rc)
		rc = save_file(RECOVERY_FILE, dir, "reason.txt");
	if (!rc && logs_pstore())
		rc = sys_each_name(LOGS_PSTORE_DIR, save_panic, (void *)(uintptr_t)dir);
	return rc;
}

int logs_save(const char *dir, const char *board, const char *more, char *ret_name,
	      size_t size_bytes)
{
	char path[512];
	int rc;

	for (unsigned i = 1; i <= FOLDERS_MAX; i++) {
		snprintf(ret_name, size_bytes, "cowboot-%s-%u", board[0] ? board : "logs", i);
		snprintf(path, sizeof(path), "%s/%s", dir, ret_name);
		if (sys_is_dir(path) || sys_is_file(path))
			continue;
		rc = sys_mkdir(path, 0755);
		return rc ? fail_sys(-rc, "cannot make %s", path) : save_all(path, more);
	}
	return fail(EEXIST, "cannot save the logs: %s has %u of them", dir, FOLDERS_MAX);
}
