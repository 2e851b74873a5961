/* SPDX-License-Identifier: MIT */
/*
 * Before any disk is touched: the configuration, the kernel command line over it, the kernel
 * modules in their order.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alive.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "conf/args.h"
#include "init/boot.h"

#define CONF_FILE "/etc/cowboot.conf"
#define MODULES_FILE "/etc/modules"
#define RECOVERY_MODULES_FILE "/etc/modules-recovery"

static char text[16 * 1024], cmdline[4096];

static void warn_line(const char *line)
{
	log_warn("%s", line);
}

int prepare_conf(struct boot *boot)
{
	size_t len;
	int rc;

	rc = sys_read_file(CONF_FILE, text, sizeof(text), &len);
	if (rc < 0)
		return fail_sys(-rc, "cannot read %s", CONF_FILE);
	rc = conf_parse(text, len, &boot->conf);
	if (rc < 0) {
		/* Whoever locked the board did not mean to open it by an error elsewhere. */
		boot->conf.no_shell = conf_text_locked(text);
		return fail_in(rc, "cannot use %s", CONF_FILE);
	}
	rc = sys_read_file("/proc/cmdline", cmdline, sizeof(cmdline), &len);
	if (rc < 0)
		return fail_sys(-rc, "cannot read /proc/cmdline");
	conf_cmdline(&boot->conf, cmdline, warn_line);
	if (boot->again)
		boot->conf.ask_recovery = false;
	return 0;
}

/* With the parameters that the kernel command line has for it, as modprobe does. */
static int load_module(const char *path)
{
	const char *file = strrchr(path, '/');
	char name[64], params[512];

	file = file ? file + 1 : path;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	if (args_of_module(cmdline, name, params, sizeof(params))) {
		log_warn("%s", fail_text());
		params[0] = 0;
	}
	return sys_load_module(path, params);
}

/*
 * One path on each line, in the order the kernel's own dependency data asks for. A missing one
 * shows as a missing disk later.
 */
static void load_modules(struct boot *boot, const char *list)
{
	size_t len;
	char *line, *next;

	guard_watchdog(boot, false);
	if (sys_read_file(list, text, sizeof(text), &len) < 0) {
		log_info("no %s: the kernel has all it needs built in", list);
		return;
	}
	for (line = text; *line; line = next) {
		int rc;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		else
			next = line + strlen(line);
		if (!*line)
			continue;
		rc = load_module(line);
		if (rc < 0)
			log_warn("cannot load module %s: %s", line, strerror(-rc));
		alive();
		guard_watchdog(boot, false);
	}
}

void prepare_modules(struct boot *boot)
{
	load_modules(boot, MODULES_FILE);
}

void prepare_recovery(struct boot *boot)
{
	/* A configuration that cannot be used comes before any module. */
	if (!boot->times.modules)
		load_modules(boot, MODULES_FILE);
	load_modules(boot, RECOVERY_MODULES_FILE);
}
