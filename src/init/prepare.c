/* SPDX-License-Identifier: MIT */
/*
 * Before any disk is touched: the configuration, the kernel command line over it, the kernel
 * modules in their order.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sys.h"
#include "conf/args.h"
#include "conf/lock.h"
#include "init/boot.h"

#define CONF_FILE "/etc/cowboot.conf"
#define CMDLINE_FILE "/proc/cmdline"
#define SHOWN_FILE "/run/cowboot/cmdline"
#define MODULES_FILE "/etc/modules"
#define RECOVERY_MODULES_FILE "/etc/modules-recovery"

static char text[LIMIT_MODULES_BYTES], cmdline[LIMIT_CMDLINE_BYTES];
static char shown[LIMIT_CMDLINE_BYTES + 1];	/* a blank behind each word */

static void warn_line(const char *line)
{
	log_warn("%s", line);
}

static int read_conf(struct conf *ret_conf)
{
	size_t len;
	int rc;

	/* Until the configuration says otherwise the board may be one that is locked. */
	conf_unusable(NULL, 0, ret_conf);
	rc = sys_read_file(CONF_FILE, text, LIMIT_CONF_BYTES, &len);
	if (rc < 0)
		return fail_sys(-rc, "cannot read %s", CONF_FILE);
	rc = conf_parse(text, len, ret_conf);
	if (rc < 0) {
		/* An error elsewhere in the file must not open a board that it locks. */
		conf_unusable(text, len, ret_conf);
		return fail_in(rc, "cannot use %s", CONF_FILE);
	}
	return 0;
}

static int read_cmdline(struct conf *conf)
{
	size_t len;
	int rc = sys_read_file(CMDLINE_FILE, cmdline, sizeof(cmdline), &len);

	if (rc == -EFBIG) {
		log_warn("the kernel command line is too long: what lies behind %u bytes is passed over",
			 LIMIT_CMDLINE_BYTES - 1);
		args_drop_last(cmdline);
	} else if (rc < 0) {
		return fail_sys(-rc, "cannot read %s", CMDLINE_FILE);
	}
	conf_cmdline(conf, cmdline, warn_line);
	return 0;
}

/*
 * A locked board's system must not take orders from the kernel command line, either: from here on
 * nobody reads all of it.  /proc takes this mount along into the new root.
 */
static int hide_cmdline(const struct conf *conf)
{
	dev_t file, run;
	unsigned hidden;
	int rc;

	if (conf_lock(conf, LOCK_LINE) == LOCK_OPEN)
		return 0;
	/* It is there since an earlier life of this process. */
	if (!sys_fs_dev(CMDLINE_FILE, &file) && !sys_fs_dev("/run", &run) && file == run)
		return 0;
	hidden = conf_lock_line(conf, cmdline, shown);
	rc = sys_write_file(SHOWN_FILE, shown, strlen(shown));
	if (!rc)
		rc = sys_mount(SHOWN_FILE, CMDLINE_FILE, NULL, MS_BIND, NULL);
	if (rc)
		return fail_sys(-rc, "cannot hide the kernel command line");
	if (hidden)
		log_note("the board is locked: %u words of the kernel command line are hidden from the "
			 "system", hidden);
	return 0;
}

/* Whether the kernel was told values of its /proc/sys: it has many spellings for a name, and one begin. */
static bool has_sysctl(void)
{
	const char *cursor = cmdline;
	struct arg arg;

	while (args_next(&cursor, &arg))
		if (strncmp(arg.key, "sysctl", strlen("sysctl")) == 0)
			return true;
	return false;
}

/*
 * Which programs the kernel starts by itself, as root, is no matter of the command line of a locked board:
 * they are what they are without it.
 */
static int forget_helpers(const struct conf *conf)
{
	static const char *const helpers[][2] = {
		{ "/proc/sys/kernel/core_pattern", "core\n" },
		{ "/proc/sys/kernel/modprobe", "/sbin/modprobe\n" },
		{ "/proc/sys/kernel/poweroff_cmd", "/sbin/poweroff\n" },
		{ "/proc/sys/kernel/hotplug", "\n" },
	};

	if (conf_lock(conf, LOCK_LINE) == LOCK_OPEN || !has_sysctl())
		return 0;
	log_warn("the board is locked: no program of the kernel's is taken from its command line");
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		int rc = sys_write_file(helpers[i][0], helpers[i][1], strlen(helpers[i][1]));

		/* Not every kernel has each. */
		if (rc && rc != -ENOENT)
			return fail_sys(-rc, "cannot set %s", helpers[i][0]);
	}
	return 0;
}

int prepare_conf(struct boot *boot)
{
	char why[FAIL_TEXT_MAX];
	int rc = read_conf(&boot->conf);

	/* What the boot loader says counts with a configuration that cannot be used, too. */
	if (rc < 0) {
		snprintf(why, sizeof(why), "%s", fail_text());
		(void)read_cmdline(&boot->conf);
		if (forget_helpers(&boot->conf))
			log_warn("%s", fail_text());
		return fail(-rc, "%s", why);
	}
	rc = read_cmdline(&boot->conf);
	if (!rc)
		rc = forget_helpers(&boot->conf);
	if (!rc)
		rc = hide_cmdline(&boot->conf);
	if (boot->again)
		boot->conf.ask_recovery = false;
	return rc;
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
	char *line, *next;
	int rc;

	guard_watchdog(boot, false);
	rc = sys_read_file(list, text, sizeof(text), NULL);
	if (rc == -ENOENT) {
		log_info("no %s: the kernel has all it needs built in", list);
		return;
	}
	if (rc < 0)
		log_error("cannot read %s: %s", list, strerror(-rc));
	/* Of a list that is too long, the whole lines that fit are used. */
	if (rc == -EFBIG)
		args_drop_last(text);
	else if (rc < 0)
		return;
	for (line = text; *line; line = next) {
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
