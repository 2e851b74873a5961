/* SPDX-License-Identifier: MIT */
/* The configuration as text that conf_parse reads back to the same. Pure. */
#include <errno.h>

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
	text_add(out, "# init=%s\n", conf->init);
	if (conf->slot)
		text_add(out, "# cowboot.slot=%c\n", conf->slot);
	if (conf->ask_recovery)
		text_add(out, "# cowboot.recovery\n");
	if (conf->quiet)
		text_add(out, "# quiet\n");
	if (conf->rw)
		text_add(out, "# rw\n");
}

int conf_print(const struct conf *conf, char *buf, size_t size_bytes)
{
	struct text_out out;

	text_begin(&out, buf, size_bytes);
	text_add(&out, "board %s\nmeta %s\n", conf->board, conf->meta);
	if (conf->data.spec[0]) {
		text_add(&out, "data ");
		add_mount(&out, &conf->data);
	}
	for (unsigned i = 0; i < conf->volume_count; i++) {
		text_add(&out, "volume %s ", conf->volume[i].name);
		add_mount(&out, &conf->volume[i]);
	}
	text_add(&out, "store %s\n", conf->store[0] ? conf->store : "file");
	if (conf->esp[0])
		text_add(&out, "boot-esp %s\n", conf->esp);
	if (conf->boot[0][0])
		text_add(&out, "boot-slots %s %s\n", conf->boot[0], conf->boot[1]);
	text_add(&out, "tries %u\n", conf->tries);
	text_add(&out, "device-timeout %u\n", conf->device_timeout_s);
	text_add(&out, "watchdog %s %u\n", conf->watchdog[0] ? conf->watchdog : "off",
		 conf->watchdog_s);
	text_add(&out, "panic %u\n", conf->panic_s);
	text_add(&out, "recovery %s\n", field_recovery_name(conf->recovery));
	text_add(&out, "recovery-wait %u\n", conf->recovery_wait_s);
	text_add(&out, "recovery-reboots %u\n", conf->recovery_reboots);
	text_add(&out, "recovery-then %s\n", field_recovery_name(conf->recovery_then));
	text_add(&out, "recovery-after %u\n", conf->recovery_after);
	text_add(&out, "recovery-shell %s\n", conf->no_shell ? "no" : "yes");
	if (conf->recovery_password[0])
		text_add(&out, "recovery-password %s\n", conf->recovery_password);
	text_add(&out, "overrides %s\n", conf->overrides ? "yes" : "no");
	add_comments(&out, conf);
	return out.full ? -ENOSPC : 0;
}
