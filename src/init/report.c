/* SPDX-License-Identifier: MIT */
/*
 * What this boot did, for the command and for people: files in /run/cowboot, which the real root
 * gets.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "decide/plan.h"
#include "init/boot.h"
#include "recovery/answer.h"
#include "update/transition.h"

#define RUN_DIR "/run/cowboot/"
#define CONF_FILE RUN_DIR "cowboot.conf"
#define BOOT_FILE RUN_DIR "boot.json"
#define TRIAL_FILE RUN_DIR "trial"
#define COUNTED_FILE RUN_DIR "counted"
#define MERGING_FILE RUN_DIR "merging"
#define KEYS_DIR "/etc/cowboot/keys/"
#define RUN_KEYS_DIR RUN_DIR "keys/"
#define KNOWS_FILE RUN_DIR "knows"
#define REVERTED_FILE RUN_DIR "reverted"

static char buf[LIMIT_CONF_BYTES];

static void put(const char *path, const char *text)
{
	int rc = sys_write_file(path, text, strlen(text));

	if (rc < 0)
		log_warn("cannot write %s: %s", path, strerror(-rc));
}

/* What is not known is null, as in `status --json`. */
static void add_string(struct text_out *out, const char *key, const char *value)
{
	text_add(out, ",\n  \"%s\": ", key);
	text_add_json_or_null(out, value);
}

/* The plan's own words, or better ones. */
static const char *why(const struct boot *boot)
{
	return boot->why ? boot->why : reason_text(boot->plan.reason);
}

static bool record_known(const struct world *w)
{
	return w->meta.fd >= 0 && w->copies.health != RECORD_DAMAGED;
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
	add_string(&out, "cowboot", COWBOOT_VERSION);
	add_string(&out, "board", boot->conf.board);
	add_string(&out, "kernel", release);
	add_string(&out, "phase", record_known(&boot->world) ? phase_name(boot->phase) : NULL);
	text_add(&out, ",\n  \"plan\": { \"persist\": \"%s\", \"map\": \"%s\", \"then\": \"%s\" }",
		 persist_name(boot->plan.persist), map_name(boot->plan.map),
		 then_name(boot->plan.then));
	add_string(&out, "code", reason_code(boot->plan.reason));
	add_string(&out, "reason", why(boot));
	add_string(&out, "detail", boot->detail);
	if (boot->phase == PHASE_TRIAL)
		text_add(&out, ",\n  \"tries_left\": %u", boot->tries_left);
	else
		text_add(&out, ",\n  \"tries_left\": null");
	add_string(&out, "version_from", boot->version_from);
	add_string(&out, "version_to", boot->version_to);
	add_times(&out, &boot->times);
	text_add(&out, "\n}\n");
	put(BOOT_FILE, buf);
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

/* The files that are about one boot; the lock is not among them. */
static const char *const of_one_boot[] = {
	RECOVERY_FILE, BOOT_FILE, CONF_FILE, TRIAL_FILE, COUNTED_FILE, MERGING_FILE, UPDATE_MENDED,
	KNOWS_FILE, REVERTED_FILE,
};

void report_forget(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(of_one_boot); i++) {
		int rc = sys_unlink(of_one_boot[i]);

		if (rc < 0 && rc != -ENOENT)
			log_warn("cannot remove %s: %s", of_one_boot[i], strerror(-rc));
	}
}

void report_recovery(const struct boot *boot)
{
	struct text_out out;

	write_json(boot);
	/* Without a board's name there is no configuration that could be used. */
	if (boot->conf.board[0])
		write_conf(boot);
	text_begin(&out, buf, sizeof(buf));
	text_add(&out, "%s\n%s\n", why(boot), boot->detail);
	put(RECOVERY_FILE, buf);
}

/* A public key of the initramfs, for a system that has none of its own: update/keys.h. */
static int pass_key(void *ctx, const char *name)
{
	static const char dir[] = KEYS_DIR, to[] = RUN_KEYS_DIR;
	char path[sizeof(to) + 256];
	size_t len;

	(void)ctx;
	snprintf(path, sizeof(path), "%s%s", dir, name);
	if (sys_read_file(path, buf, sizeof(buf), &len))
		return 0;
	snprintf(path, sizeof(path), "%s%s", to, name);
	put(path, buf);
	return 0;
}

static void pass_keys(void)
{
	if (sys_is_dir(KEYS_DIR) && !sys_mkdir(RUN_KEYS_DIR, 0755))
		(void)sys_each_name(KEYS_DIR, pass_key, NULL);	/* without keys, nothing can be installed */
}

/* For the command, whose saves are the only ones of a board that boots without an update (I11). */
static void write_knows(void)
{
	struct text_out out;

	text_begin(&out, buf, sizeof(buf));
	text_add(&out, "%u %u %u\n", RECORD_FORMAT, RECORD_RO_KNOWN, RECORD_IN_KNOWN);
	put(KNOWS_FILE, buf);
}

void report_boot(const struct boot *boot)
{
	write_json(boot);
	write_knows();
	write_conf(boot);
	pass_keys();
	if (boot->world.record.phase == PHASE_TRIAL && boot->plan.map == MAP_SNAPSHOT)
		put(TRIAL_FILE, "");
	if (boot->plan.persist == PERSIST_TALLY)
		put(COUNTED_FILE, "");
	if (boot->world.record.phase == PHASE_MERGING || boot->world.record.phase == PHASE_PROVING)
		put(MERGING_FILE, "");
	/* Not only in the boot that has gone back: another kernel may have had to be started after it. */
	if (boot->world.record.phase == PHASE_IDLE && boot->world.record.last.result == RESULT_REVERTED)
		put(REVERTED_FILE, "");
}
