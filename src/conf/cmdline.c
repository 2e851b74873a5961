/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line over the board's configuration.  Pure.  Must never refuse to boot: what
 * cannot be used is passed over with a warning, and what the board set stays.
 */
#include "conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/spec.h"
#include "conf/args.h"
#include "conf/fields.h"
#include "conf/lock.h"

#define ROOTWAIT_S 120

struct laying {
	struct conf *conf;
	void (*warn)(const char *line);
	unsigned wait_s;	/* from rootwait; 0: not given */
};

static void warn_of(const struct laying *l, const struct arg *arg, const char *why)
{
	char line[LIMIT_LINE_BYTES];

	if (!l->warn)
		return;
	/* A cut warning still warns. */
	(void)snprintf(line, sizeof(line), "passed over %s%s%s on the kernel command line: %s",
		       arg->key, arg->has_value ? "=" : "", arg->value, why);
	l->warn(line);
}

/* The root volume comes first; without a configuration there is none. */
static struct conf_mount *root_of(const struct laying *l)
{
	return l->conf->volume_count ? &l->conf->volume[0] : NULL;
}

static bool is_used(const struct conf *conf, const char *spec)
{
	if (spec_same(conf->meta, spec) || spec_same(conf->data.spec, spec) ||
	    spec_same(conf->store, spec) || spec_same(conf->esp, spec) || spec_same(conf->boot[0], spec) ||
	    spec_same(conf->boot[1], spec))
		return true;
	for (unsigned i = 1; i < conf->volume_count; i++)
		if (spec_same(conf->volume[i].spec, spec))
			return true;
	return false;
}

static int take_root(struct laying *l, const struct arg *arg)
{
	char spec[CONF_SPEC_MAX];
	int rc = field_spec(spec, arg->value);

	if (rc)
		return rc;
	if (is_used(l->conf, spec))
		return fail(EINVAL, "the board uses that partition for something else");
	/* The configured name stays beside it: while an update is pending, root= has no say. */
	if (spec_same(root_of(l)->spec, spec))
		spec[0] = '\0';
	memcpy(l->conf->root, spec, sizeof(spec));
	return 0;
}

static int take_rootfstype(struct laying *l, const struct arg *arg)
{
	return field_fstype(root_of(l)->fstype, arg->value);
}

static int take_rootflags(struct laying *l, const struct arg *arg)
{
	return field_volume_options(root_of(l)->options, arg->value);
}

static int take_rootwait(struct laying *l, const struct arg *arg)
{
	unsigned wait_s = ROOTWAIT_S;

	if (arg->has_value) {
		int rc = field_number(&wait_s, arg->value, 1, CONF_DEVICE_TIMEOUT_MAX_S);

		if (rc)
			return rc;
	}
	l->wait_s = wait_s;
	return 0;
}

static int take_ro(struct laying *l, const struct arg *arg)
{
	(void)arg;
	l->conf->rw = false;
	return 0;
}

static int take_rw(struct laying *l, const struct arg *arg)
{
	(void)arg;
	l->conf->rw = true;
	return fail(EINVAL, "volumes that bundles replace are mounted read-only");
}

static int take_init(struct laying *l, const struct arg *arg)
{
	return field_path(l->conf->init, arg->value);
}

static int take_quiet(struct laying *l, const struct arg *arg)
{
	(void)arg;
	l->conf->quiet = true;
	return 0;
}

static int take_slot(struct laying *l, const struct arg *arg)
{
	if (strcmp(arg->value, "a") != 0 && strcmp(arg->value, "b") != 0)
		return fail(EINVAL, "a slot is a or b");
	l->conf->slot = arg->value[0];
	return 0;
}

static int take_try(struct laying *l, const struct arg *arg)
{
	(void)arg;
	l->conf->counted_try = true;
	return 0;
}

static int take_tries(struct laying *l, const struct arg *arg)
{
	return field_number(&l->conf->tries, arg->value, 1, CONF_TRIES_MAX);
}

static int take_device_timeout(struct laying *l, const struct arg *arg)
{
	return field_number(&l->conf->device_timeout_s, arg->value, 1, CONF_DEVICE_TIMEOUT_MAX_S);
}

static int take_watchdog(struct laying *l, const struct arg *arg)
{
	return field_watchdog(l->conf->watchdog, arg->value);
}

/*
 * Without a value it asks for recovery in this boot, and always counts; with one it sets the policy.
 */
static int take_recovery(struct laying *l, const struct arg *arg)
{
	if (arg->has_value)
		return field_giveup(&l->conf->recovery, arg->value);
	l->conf->ask_recovery = true;
	return 0;
}

static int take_recovery_wait(struct laying *l, const struct arg *arg)
{
	return field_number(&l->conf->recovery_wait_s, arg->value, 0, CONF_RECOVERY_WAIT_MAX_S);
}

/*
 * On a locked board no parameter counts that says what is booted, or how; least of all one of cowboot's
 * own.
 */
enum needs {
	NEEDS_VALUE = 1,
	NEEDS_ROOT = 2,
	NEEDS_UNLOCKED = 4,
	NEEDS_OVERRIDES = 8 | NEEDS_UNLOCKED,
};

static const struct parameter {
	const char *name;
	int (*take)(struct laying *l, const struct arg *arg);
	unsigned needs;
} parameters[] = {
	{ "root", take_root, NEEDS_VALUE | NEEDS_ROOT | NEEDS_UNLOCKED },
	{ "rootfstype", take_rootfstype, NEEDS_VALUE | NEEDS_ROOT | NEEDS_UNLOCKED },
	{ "rootflags", take_rootflags, NEEDS_VALUE | NEEDS_ROOT | NEEDS_UNLOCKED },
	{ "rootwait", take_rootwait, 0 },
	{ "ro", take_ro, 0 },
	{ "rw", take_rw, 0 },
	{ "init", take_init, NEEDS_VALUE | NEEDS_UNLOCKED },
	{ "quiet", take_quiet, 0 },
	{ "cowboot.slot", take_slot, NEEDS_VALUE },
	{ "cowboot.try", take_try, 0 },
	{ "cowboot.tries", take_tries, NEEDS_VALUE | NEEDS_OVERRIDES },
	{ "cowboot.device-timeout", take_device_timeout, NEEDS_VALUE | NEEDS_OVERRIDES },
	{ "cowboot.watchdog", take_watchdog, NEEDS_VALUE | NEEDS_OVERRIDES },
	{ "cowboot.recovery", take_recovery, NEEDS_OVERRIDES },
	{ "cowboot.recovery-wait", take_recovery_wait, NEEDS_VALUE | NEEDS_OVERRIDES },
};

/* Why the parameter cannot be taken at all, or NULL. */
static const char *why_not(const struct laying *l, const struct parameter *p, const struct arg *arg)
{
	if (arg->cut)
		return "it is too long";
	if (p->needs & NEEDS_VALUE && !arg->has_value)
		return "it needs a value";
	if (p->needs & NEEDS_ROOT && !root_of(l))
		return "no root volume is configured";
	if ((p->needs & NEEDS_OVERRIDES) == NEEDS_OVERRIDES && arg->has_value && !l->conf->overrides)
		return "the board's configuration says overrides no";
	if (p->needs & NEEDS_UNLOCKED && arg->has_value &&
	    conf_lock(l->conf, LOCK_LINE) != LOCK_OPEN)
		return "the board is locked";
	return NULL;
}

static void take(struct laying *l, const struct arg *arg)
{
	const char *why;

	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const struct parameter *p = &parameters[i];

		if (!args_is(arg, p->name))
			continue;
		why = why_not(l, p, arg);
		if (!why && p->take(l, arg))
			why = fail_text();
		if (why)
			warn_of(l, arg, why);
		return;
	}
	/*
	 * All other parameters are for the kernel or the new root; an unknown one of ours gets a
	 * warning.
	 */
	if (strncmp(arg->key, "cowboot.", strlen("cowboot.")) == 0)
		warn_of(l, arg, "there is no such parameter");
}

void conf_cmdline(struct conf *conf, const char *cmdline, void (*warn)(const char *line))
{
	struct laying l = { .conf = conf, .warn = warn };
	struct arg arg;

	while (args_next(&cmdline, &arg))
		take(&l, &arg);
	if (conf->device_timeout_s < l.wait_s)
		conf->device_timeout_s = l.wait_s;
}
