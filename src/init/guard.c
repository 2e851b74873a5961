/* SPDX-License-Identifier: MIT */
/*
 * What resets a board that init cannot help any more: the hardware watchdog for one that hangs, the
 * kernel's own timeout for one that panics.  Must never stand in the way of a boot: without them it
 * goes on as it would.
 */
#include <string.h>

#include "base/alive.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "handoff/watchdog.h"
#include "init/boot.h"

#define PANIC_FILE "/proc/sys/kernel/panic"

void guard_panic(const struct conf *conf)
{
	char text[32];
	struct text_out out;
	int rc;

	rc = sys_read_file(PANIC_FILE, text, sizeof(text), NULL);
	if (rc < 0) {
		log_warn("cannot read %s: %s", PANIC_FILE, strerror(-rc));
		return;
	}
	if (strcmp(text, "0\n") != 0 || conf->panic_s == 0)
		return;
	text_begin(&out, text, sizeof(text));
	text_add(&out, "%u\n", conf->panic_s);
	rc = sys_write_file(PANIC_FILE, text, out.len_bytes);
	if (rc < 0)
		log_warn("cannot write %s, a panic will hang: %s", PANIC_FILE, strerror(-rc));
	else
		log_info("no panic= is given: after a panic the board starts again in %u s",
			 conf->panic_s);
}

void guard_watchdog(struct boot *boot, bool last)
{
	const struct conf *conf = &boot->conf;

	if (!conf->watchdog[0] || boot->watchdog_open)
		return;
	if (watchdog_open(conf->watchdog, conf->watchdog_s, &boot->watchdog_reset) < 0) {
		if (last)
			log_warn("%s: this boot goes on without", fail_text());
		return;
	}
	boot->watchdog_open = true;
	if (boot->watchdog_reset)
		log_warn("watchdog: the last reset of the board was its doing");
	alive_setup(watchdog_feed);
}
