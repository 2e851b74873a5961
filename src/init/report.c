/* SPDX-License-Identifier: MIT */
/*
 * What this boot did, for the command and for people: files in /run/cowboot, which the real root
 * gets.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "decide/plan.h"
#include "init/boot.h"

#define CONF_FILE "/run/cowboot/cowboot.conf"

static char buf[16 * 1024];

static void put(const char *path, const char *text)
{
	int rc = sys_write_file(path, text, strlen(text));

	if (rc < 0)
		log_warn("cannot write %s: %s", path, strerror(-rc));
}

static void add_string(struct text_out *out, const char *key, const char *value)
{
	text_add(out, ",\n  \"%s\": ", key);
	text_add_json(out, value);
}

static void add_times(struct text_out *out, const struct boot_times *t)
{
	text_add(out,
		 ",\n  \"times_ms\": { \"init\": %llu, \"modules\": %llu, \"devices\": %llu, "
		 "\"decided\": %llu,"
		 " \"mapped\": %llu, \"mounted\": %llu, \"handoff\": %llu }",
		 (unsigned long long)t->init, (unsigned long long)t->modules,
		 (unsigned long long)t->devices, (unsigned long long)t->decided,
		 (unsigned long long)t->mapped, (unsigned long long)t->mounted,
		 (unsigned long long)sys_now_ms());
}

static void write_json(const struct boot *boot)
{
	char release[256] = "";
	struct text_out out;

	/* An unnamed kernel is no reason to leave the rest unsaid. */
	if (sys_kernel_release(release, sizeof(release)) < 0)
		log_warn("cannot read the kernel's release");
	text_begin(&out, buf, sizeof(buf));
	text_add(&out, "{\n  \"schema\": 1");
	add_string(&out, "board", boot->conf.board);
	add_string(&out, "kernel", release);
	add_string(&out, "phase", phase_name(boot->phase));
	text_add(&out, ",\n  \"plan\": { \"persist\": \"%s\", \"map\": \"%s\", \"then\": \"%s\" }",
		 persist_name(boot->plan.persist), map_name(boot->plan.map),
		 then_name(boot->plan.then));
	add_string(&out, "reason", boot->plan.reason);
	add_string(&out, "detail", boot->detail);
	text_add(&out, ",\n  \"tries_left\": %u", boot->tries_left);
	add_string(&out, "version_from", boot->version_from);
	add_string(&out, "version_to", boot->version_to);
	add_times(&out, &boot->times);
	text_add(&out, "\n}\n");
	put("/run/cowboot/boot.json", buf);
}

static void write_conf(const struct boot *boot)
{
	if (conf_print(&boot->conf, buf, sizeof(buf)) < 0) {
		log_warn("cannot write " CONF_FILE ": it is too long");
		return;
	}
	/* A password's hash is nobody's but root's; the file is there before it has a content. */
	if (boot->conf.recovery_password[0]) {
		put(CONF_FILE, "");
		if (sys_chmod(CONF_FILE, 0600) < 0) {
			log_warn("cannot write " CONF_FILE ": its mode cannot be set");
			return;
		}
	}
	put(CONF_FILE, buf);
}

void report_recovery(const struct boot *boot)
{
	struct text_out out;

	write_json(boot);
	/* Without a board's name there is no configuration that could be used. */
	if (boot->conf.board[0])
		write_conf(boot);
	text_begin(&out, buf, sizeof(buf));
	text_add(&out, "%s\n%s\n", boot->plan.reason, boot->detail);
	put(RECOVERY_FILE, buf);
}

void report_boot(const struct boot *boot)
{
	write_json(boot);
	write_conf(boot);
	if (boot->world.record.phase == PHASE_TRIAL && boot->plan.map == MAP_SNAPSHOT)
		put("/run/cowboot/trial", "");
	if (boot->plan.persist == PERSIST_TALLY)
		put("/run/cowboot/counted", "");
	if (boot->world.record.phase == PHASE_MERGING)
		put("/run/cowboot/merging", "");
}
