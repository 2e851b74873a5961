/* SPDX-License-Identifier: MIT */
/*
 * The configuration as text that reads back to the same.  Pure.  Must never print a key that is as
 * it is without it: the command that reads this may be older than init, and know fewer keys.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "conf/conf.h"
#include "conf/fields.h"

static void add_mount(struct text_out *out, const struct conf_mount *mount)
{
	text_add(out, "%s %s %s %s\n", mount->spec, mount->dir, mount->fstype, mount->options);
}

/* What only the kernel command line says is no part of the file. */
static void add_comments(struct text_out *out, const struct conf *conf)
{
	if (conf->root[0])
		text_add(out, "# root=%s\n", conf->root);
	if (conf->slot)
		text_add(out, "# cowboot.slot=%c\n", conf->slot);
	if (conf->counted_try)
		text_add(out, "# cowboot.try\n");
	if (conf->ask_recovery)
		text_add(out, "# cowboot.recovery\n");
	if (conf->quiet)
		text_add(out, "# quiet\n");
	if (conf->rw)
		text_add(out, "# rw\n");
}

static void add_number(struct text_out *out, const char *key, unsigned value, unsigned otherwise)
{
	if (value != otherwise)
		text_add(out, "%s %u\n", key, value);
}

static void add_partitions(struct text_out *out, const struct conf *conf)
{
	text_add(out, "board %s\nmeta %s\n", conf->board, conf->meta);
	if (conf->data.spec[0]) {
		text_add(out, "data ");
		add_mount(out, &conf->data);
	}
	for (unsigned i = 0; i < conf->volume_count; i++) {
		text_add(out, "volume %s ", conf->volume[i].name);
		add_mount(out, &conf->volume[i]);
	}
	if (conf->store[0])
		text_add(out, "store %s\n", conf->store);
	if (conf->esp[0])
		text_add(out, "boot-esp %s\n", conf->esp);
	if (conf->boot[0][0])
		text_add(out, "boot-slots %s %s\n", conf->boot[0], conf->boot[1]);
	if (conf->several_disks)
		text_add(out, "disks several\n");
}

static void add_recovery(struct text_out *out, const struct conf *conf, const struct conf *usual)
{
	if (conf->recovery != usual->recovery)
		text_add(out, "recovery %s\n", field_giveup_name(conf->recovery));
	add_number(out, "recovery-wait", conf->recovery_wait_s, usual->recovery_wait_s);
	add_number(out, "recovery-reboots", conf->recovery_reboots, usual->recovery_reboots);
	if (conf->recovery_then != usual->recovery_then)
		text_add(out, "recovery-then %s\n", field_giveup_name(conf->recovery_then));
	add_number(out, "recovery-after", conf->recovery_after, usual->recovery_after);
	if (conf->turns_back)
		text_add(out, "recovery-rollback yes\n");
	if (conf->no_shell)
		text_add(out, "recovery-shell no\n");
	if (conf->recovery_password[0])
		text_add(out, "recovery-password %s\n", conf->recovery_password);
	for (unsigned i = 0; i < conf->shown_count; i++)
		text_add(out, "cmdline-keep %s\n", conf->shown[i]);
}

int conf_print(const struct conf *conf, char *buf, size_t size_bytes)
{
	struct conf usual;
	struct text_out out;

	conf_defaults(&usual);
	text_begin(&out, buf, size_bytes);
	add_partitions(&out, conf);
	add_number(&out, "tries", conf->tries, usual.tries);
	add_number(&out, "device-timeout", conf->device_timeout_s, usual.device_timeout_s);
	if (conf->watchdog[0] || conf->watchdog_s != usual.watchdog_s)
		text_add(&out, "watchdog %s %u\n", conf->watchdog[0] ? conf->watchdog : "off",
			 conf->watchdog_s);
	if (conf->kernel_flushes)
		text_add(&out, "kernel-flushes yes\n");
	add_number(&out, "verify-rate", conf->verify_rate_mib, usual.verify_rate_mib);
	if (conf->unproven_trials)
		text_add(&out, "verify-trial no\n");
	if (conf->keep_old != KEEP_OLD)
		text_add(&out, "keep-old %s\n", conf->keep_old == KEEP_NOT ? "no" : "must");
	add_number(&out, "keep-old", conf->keep_days, 0);
	add_number(&out, "check-timeout", conf->check_timeout_s, usual.check_timeout_s);
	add_number(&out, "panic", conf->panic_s, usual.panic_s);
	add_recovery(&out, conf, &usual);
	if (strcmp(conf->init, usual.init) != 0)
		text_add(&out, "init %s\n", conf->init);
	if (!conf->overrides)
		text_add(&out, "overrides no\n");
	if (conf->take_unsigned)
		text_add(&out, "require-signature no\n");
	add_number(&out, "signatures", conf->signatures, usual.signatures);
	if (conf->allow_downgrade)
		text_add(&out, "allow-downgrade yes\n");
	add_comments(&out, conf);
	return out.full ? -ENOSPC : 0;
}
