/* SPDX-License-Identifier: MIT */
/* What each key of the configuration file takes.  What a line looks like: parse.c; a field: fields.c. */
#include "conf/keys.h"

#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "conf/fields.h"
#include "conf/lock.h"

static int take_board(struct parsing *p, char *const *words)
{
	p->lines.board = p->line;
	if (!text_is_name(words[0]))
		return fail(EINVAL, "cannot use %s: a board's name is a-z, 0-9, - and _", words[0]);
	return text_copy(p->conf.board, sizeof(p->conf.board), words[0]);
}

static int take_meta(struct parsing *p, char *const *words)
{
	p->lines.meta = p->line;
	return field_spec(p->conf.meta, words[0]);
}

/* SPEC DIR FSTYPE, which data and volumes share; options differ. */
static int take_mount(struct conf_mount *mount, const char *name, char *const *words)
{
	int rc = text_copy(mount->name, sizeof(mount->name), name);

	if (!rc)
		rc = field_spec(mount->spec, words[0]);
	if (!rc)
		rc = field_path(mount->dir, words[1]);
	return rc ? rc : field_fstype(mount->fstype, words[2]);
}

static int take_data(struct parsing *p, char *const *words)
{
	int rc = take_mount(&p->conf.data, "data", words);

	p->lines.data = p->line;
	return rc ? rc : field_options(p->conf.data.options, words[3]);
}

static int take_volume(struct parsing *p, char *const *words)
{
	struct conf *conf = &p->conf;
	struct conf_mount *volume;
	int rc;

	if (conf->volume_count == CONF_VOLUMES_MAX)
		return fail(EINVAL, "cannot use %s: there are %d volumes already", words[0],
			    CONF_VOLUMES_MAX);
	rc = field_volume_name(words[0]);
	if (rc)
		return rc;
	p->lines.volume[conf->volume_count] = p->line;
	volume = &conf->volume[conf->volume_count++];
	rc = take_mount(volume, words[0], words + 1);
	return rc ? rc : field_volume_options(volume->options, words[4]);
}

static int take_store(struct parsing *p, char *const *words)
{
	p->lines.store = p->line;
	return strcmp(words[0], "file") == 0 ? 0 : field_spec(p->conf.store, words[0]);
}

static int take_boot_slots(struct parsing *p, char *const *words)
{
	int rc = field_spec(p->conf.boot[0], words[0]);

	p->lines.boot = p->line;
	return rc ? rc : field_spec(p->conf.boot[1], words[1]);
}

static int take_boot_esp(struct parsing *p, char *const *words)
{
	p->lines.esp = p->line;
	return field_spec(p->conf.esp, words[0]);
}

static int take_disks(struct parsing *p, char *const *words)
{
	return field_choice(&p->conf.several_disks, words[0], "several", "one");
}

static int take_tries(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.tries, words[0], 1, CONF_TRIES_MAX);
}

static int take_device_timeout(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.device_timeout_s, words[0], 1, CONF_DEVICE_TIMEOUT_MAX_S);
}

static int take_watchdog(struct parsing *p, char *const *words)
{
	int rc = field_watchdog(p->conf.watchdog, words[0]);

	if (rc || p->given < 2)
		return rc;
	return field_number(&p->conf.watchdog_s, words[1], CONF_WATCHDOG_MIN_S,
			    CONF_WATCHDOG_MAX_S);
}

static int take_kernel_flushes(struct parsing *p, char *const *words)
{
	return field_choice(&p->conf.kernel_flushes, words[0], "yes", "auto");
}

static int take_check_timeout(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.check_timeout_s, words[0], 0, CONF_CHECK_TIMEOUT_MAX_S);
}

static int take_verify_rate(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.verify_rate_mib, words[0], 0, CONF_VERIFY_RATE_MAX_MIB);
}

static int take_verify_trial(struct parsing *p, char *const *words)
{
	return field_no(&p->conf.unproven_trials, words[0]);
}

static int take_keep_old(struct parsing *p, char *const *words)
{
	return field_keep(&p->conf.keep_old, &p->conf.keep_days, words[0]);
}

static int take_panic(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.panic_s, words[0], 0, CONF_PANIC_MAX_S);
}

static int take_recovery(struct parsing *p, char *const *words)
{
	return field_giveup(&p->conf.recovery, words[0]);
}

static int take_recovery_then(struct parsing *p, char *const *words)
{
	int rc = field_giveup(&p->conf.recovery_then, words[0]);

	if (!rc && p->conf.recovery_then == GIVEUP_REBOOT)
		return fail(EINVAL, "cannot use reboot: that would go on for ever");
	return rc;
}

static int take_recovery_wait(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.recovery_wait_s, words[0], 0, CONF_RECOVERY_WAIT_MAX_S);
}

static int take_recovery_reboots(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.recovery_reboots, words[0], 0, CONF_RECOVERY_REBOOTS_MAX);
}

static int take_recovery_after(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.recovery_after, words[0], 0, CONF_RECOVERY_AFTER_MAX);
}

static int take_recovery_rollback(struct parsing *p, char *const *words)
{
	return field_choice(&p->conf.turns_back, words[0], "yes", "no");
}

static int take_recovery_shell(struct parsing *p, char *const *words)
{
	return field_no(&p->conf.no_shell, words[0]);
}

static int take_recovery_password(struct parsing *p, char *const *words)
{
	return field_password(p->conf.recovery_password, words[0]);
}

static int take_cmdline_keep(struct parsing *p, char *const *words)
{
	struct conf *conf = &p->conf;

	for (unsigned i = 0; i < p->given; i++) {
		int rc = conf_lock_may_show(words[i]);

		if (rc)
			return rc;
		if (conf->shown_count == CONF_SHOWN_MAX)
			return fail(EINVAL, "cannot use %s: there are %d words already", words[i],
				    CONF_SHOWN_MAX);
		rc = text_copy(conf->shown[conf->shown_count++], CONF_SHOWN_NAME_MAX, words[i]);
		if (rc)
			return rc;
	}
	return 0;
}

static int take_init(struct parsing *p, char *const *words)
{
	return field_path(p->conf.init, words[0]);
}

static int take_overrides(struct parsing *p, char *const *words)
{
	return field_yes(&p->conf.overrides, words[0]);
}

static int take_require_signature(struct parsing *p, char *const *words)
{
	bool yes = true;
	int rc = field_yes(&yes, words[0]);

	p->conf.take_unsigned = !yes;
	return rc;
}

static int take_signatures(struct parsing *p, char *const *words)
{
	return field_number(&p->conf.signatures, words[0], 1, CONF_SIGNATURES_MAX);
}

static int take_allow_downgrade(struct parsing *p, char *const *words)
{
	return field_yes(&p->conf.allow_downgrade, words[0]);
}

const struct conf_key conf_keys[CONF_KEYS] = {
	{ "board", take_board, 1, 1, false, "NAME" },
	{ "meta", take_meta, 1, 1, false, "SPEC" },
	{ "data", take_data, 4, 4, false, "SPEC DIR FSTYPE OPTIONS" },
	{ "volume", take_volume, 5, 5, true, "NAME SPEC DIR FSTYPE OPTIONS" },
	{ "store", take_store, 1, 1, false, "file|SPEC" },
	{ "boot-slots", take_boot_slots, 2, 2, false, "SPEC SPEC" },
	{ "boot-esp", take_boot_esp, 1, 1, false, "SPEC" },
	{ "disks", take_disks, 1, 1, false, "one|several" },
	{ "tries", take_tries, 1, 1, false, "N" },
	{ "device-timeout", take_device_timeout, 1, 1, false, "SECONDS" },
	{ "watchdog", take_watchdog, 1, 2, false, "DEVICE|auto|off [SECONDS]" },
	{ "kernel-flushes", take_kernel_flushes, 1, 1, false, "auto|yes" },
	{ "check-timeout", take_check_timeout, 1, 1, false, "SECONDS" },
	{ "verify-rate", take_verify_rate, 1, 1, false, "MIB_A_SECOND" },
	{ "verify-trial", take_verify_trial, 1, 1, false, "yes|no" },
	{ "keep-old", take_keep_old, 1, 1, false, "yes|no|must|DAYS" },
	{ "panic", take_panic, 1, 1, false, "SECONDS" },
	{ "recovery", take_recovery, 1, 1, false, "menu|shell|reboot|poweroff" },
	{ "recovery-wait", take_recovery_wait, 1, 1, false, "SECONDS" },
	{ "recovery-reboots", take_recovery_reboots, 1, 1, false, "N" },
	{ "recovery-then", take_recovery_then, 1, 1, false, "menu|shell|poweroff" },
	{ "recovery-after", take_recovery_after, 1, 1, false, "N" },
	{ "recovery-rollback", take_recovery_rollback, 1, 1, false, "yes|no" },
	{ "recovery-shell", take_recovery_shell, 1, 1, false, "yes|no" },
	{ "recovery-password", take_recovery_password, 1, 1, false, "HASH" },
	{ "cmdline-keep", take_cmdline_keep, 1, TEXT_WORDS_MAX - 1, true, "WORD ..." },
	{ "init", take_init, 1, 1, false, "PATH" },
	{ "overrides", take_overrides, 1, 1, false, "yes|no" },
	{ "require-signature", take_require_signature, 1, 1, false, "yes|no" },
	{ "signatures", take_signatures, 1, 1, false, "N" },
	{ "allow-downgrade", take_allow_downgrade, 1, 1, false, "yes|no" },
};
