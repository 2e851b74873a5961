/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of a test of cuts: its head on the medium, and the log elsewhere.  The log is a
 * witness that the disk under test cannot take back; each line is durable before anything goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/bench.h"

#define LINE_MAX_BYTES 256
#define ID_TEXT (2 * CUTS_ID_BYTES + 1)

int bench_head_load(const struct bench_target *t, struct cuts_head *ret_head)
{
	bool found = false;

	for (unsigned i = 0; i < CUTS_HEADS; i++) {
		uint8_t buf[CUTS_HEAD_BYTES];
		struct cuts_head head = { 0 };
		int rc = dev_read(&t->spare.medium, cuts_head_at[i], buf, sizeof(buf));

		/* One copy that cannot be read is what there are two for. */
		if (rc || cuts_head_decode(buf, &head) ||
		    (found && head.generation < ret_head->generation))
			continue;
		*ret_head = head;
		found = true;
	}
	if (!found)
		return fail(ENOENT, "cannot check %s: no test of cuts was begun on it",
			    t->spare.dev.name);
	if (ret_head->round.blocks >
	    (t->spare.dev.size_bytes - CUTS_FIRST_AT) / CUTS_BLOCK_BYTES)
		return fail(EINVAL, "cannot check %s: it is shorter than the test on it",
			    t->spare.dev.name);
	return 0;
}

int bench_head_save(const struct bench_target *t, struct cuts_head *head)
{
	uint8_t buf[CUTS_HEAD_BYTES];
	int rc = 0;

	head->generation++;
	cuts_head_encode(head, buf);
	for (unsigned i = 0; i < CUTS_HEADS && !rc; i++) {
		rc = dev_write(&t->spare.dev, cuts_head_at[i], buf, sizeof(buf));
		if (!rc)
			rc = dev_flush(&t->spare.dev);
	}
	return rc;
}

void bench_boot_id(char buf[CUTS_BOOT_MAX])
{
	memset(buf, 0, CUTS_BOOT_MAX);
	if (sys_read_file("/proc/sys/kernel/random/boot_id", buf, CUTS_BOOT_MAX, NULL))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* ---- The log ---- */

int bench_log(const struct bench_options *o, const struct cuts_round *round, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES], id[ID_TEXT];
	struct text_out out;
	va_list ap;
	int fd, rc;

	if (!o->log)
		return 0;
	text_hex(id, round->id, CUTS_ID_BYTES);
	text_begin(&out, line, sizeof(line));
	text_add(&out, "%s round %u ", id, round->number);
	va_start(ap, fmt);
	out.len_bytes += (size_t)vsnprintf(line + out.len_bytes, sizeof(line) - out.len_bytes - 1,
					   fmt, ap);
	va_end(ap);
	text_add(&out, "\n");
	fd = sys_open(o->log, O_WRONLY | O_APPEND | O_CREAT | O_DSYNC);
	if (fd < 0)
		return fail_sys(-fd, "cannot open %s", o->log);
	rc = sys_write(fd, line, out.len_bytes);
	sys_close(fd);
	return rc ? fail_sys(-rc, "cannot write %s", o->log) : 0;
}

struct heard {
	char want[ID_TEXT];		/* the test's id */
	uint64_t round, confirmed;
};

static void take_line(struct heard *h, const char *line)
{
	size_t id_bytes = strlen(h->want);
	uint64_t round, confirmed = 0;

	if (strncmp(line, h->want, id_bytes) ||
	    sscanf(line + id_bytes, " round %" SCNu64, &round) != 1 || round < h->round)
		return;
	(void)sscanf(line + id_bytes, " round %*u confirmed %" SCNu64, &confirmed);
	if (round > h->round)
		h->confirmed = 0;
	if (confirmed > h->confirmed)
		h->confirmed = confirmed;
	h->round = round;
}

/* Line by line; what is longer than ours is somebody else's, and passed over. */
static int take_log(int fd, struct heard *h)
{
	char text[4096], line[LINE_MAX_BYTES];
	size_t len = 0;
	ssize_t got;

	while ((got = sys_read(fd, text, sizeof(text))) > 0 || got == -EINTR)
		for (ssize_t i = 0; i < got; i++) {
			if (text[i] != '\n') {
				line[len] = text[i];
				len += len + 1 < sizeof(line);
				continue;
			}
			line[len] = '\0';
			take_line(h, line);
			len = 0;
		}
	return (int)got;
}

int bench_log_look(const struct bench_options *o, const uint8_t id[CUTS_ID_BYTES],
		   uint64_t *ret_round, uint64_t *ret_confirmed)
{
	struct heard h = { 0 };
	int fd, rc;

	*ret_round = *ret_confirmed = 0;
	if (!o->log)
		return 0;
	fd = sys_open(o->log, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fail_sys(-fd, "cannot read %s", o->log);
	text_hex(h.want, id, CUTS_ID_BYTES);
	rc = take_log(fd, &h);
	sys_close(fd);
	if (rc)
		return fail_sys(-rc, "cannot read %s", o->log);
	*ret_round = h.round;
	*ret_confirmed = h.confirmed;
	return 0;
}
