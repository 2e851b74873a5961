/* SPDX-License-Identifier: MIT */
/* What a locked board gives. Pure.  Must never answer "open" for what is not known. */
#include "conf/lock.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "conf/args.h"
#include "conf/fields.h"

#define NO_PASSWORD_OPENS "!"	/* no hash: as in shadow(5) */

enum lock_answer conf_lock(const struct conf *conf, enum lock_wish wish)
{
	if (!conf_locked(conf))
		return LOCK_OPEN;
	switch (wish) {
	case LOCK_LINE:
		return LOCK_REFUSED;	/* nobody can be asked for a password there */
	case LOCK_MENU:
		return conf->recovery_password[0] ? LOCK_BY_PASSWORD : LOCK_OPEN;
	case LOCK_SHELL:
		return conf->no_shell ? LOCK_REFUSED : LOCK_BY_PASSWORD;
	case LOCK_CHANGE:
	case LOCK_AGAIN:
		return conf->recovery_password[0] ? LOCK_BY_PASSWORD : LOCK_REFUSED;
	}
	return LOCK_REFUSED;
}

bool conf_locked(const struct conf *conf)
{
	return conf->no_shell || conf->recovery_password[0];
}

static bool has_word(const char *text, size_t len_bytes, const char *word)
{
	return memmem(text, len_bytes, word, strlen(word)) != NULL;
}

/* The hash of a line that is sound, whatever is wrong with the others. */
static void find_password(const char *text, size_t len_bytes, struct conf *conf)
{
	struct text_line line = { .number = 0 };
	const char *cursor = text;
	int rc;

	while ((rc = text_next_line(&cursor, text + len_bytes, &line)) != 0)
		if (rc > 0 && line.count == 2 && strcmp(line.word[0], "recovery-password") == 0 &&
		    field_password(conf->recovery_password, line.word[1]) == 0)
			return;
	memcpy(conf->recovery_password, NO_PASSWORD_OPENS, sizeof(NO_PASSWORD_OPENS));
}

void conf_unusable(const char *text, size_t len_bytes, struct conf *ret_conf)
{
	memset(ret_conf, 0, sizeof(*ret_conf));
	ret_conf->no_shell = !text || has_word(text, len_bytes, "recovery-shell");
	if (!text)
		memcpy(ret_conf->recovery_password, NO_PASSWORD_OPENS, sizeof(NO_PASSWORD_OPENS));
	else if (has_word(text, len_bytes, "recovery-password"))
		find_password(text, len_bytes, ret_conf);
}

static bool is_one_of(const char *word, size_t len, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == len && memcmp(list[i], word, len) == 0)
			return true;
	return false;
}

/*
 * Orders for the kernel or for some init, and what leads either to another system.  Names of one letter
 * or digit are runlevels, those in capitals environment, and those with a dot are shown anyway or never.
 */
int conf_lock_may_show(const char *name)
{
	static const char *const orders[] = {
		"auto", "autoinstall", "boot", "break", "debug", "ds", "emergency", "enforcing", "fstab",
		"init", "initrd", "ks", "luks", "modules-load", "nfsroot", "noinitrd", "overlayroot",
		"preseed", "rdinit", "recovery", "rescue", "resume", "resume-offset", "root", "rootflags",
		"rootfstype", "roothash", "runlevel", "selinux", "shell", "single", "softlevel", "usrhash",
		"verity",
	};
	struct arg arg = { .has_value = false };

	if (!text_is_name(name) || name[0] <= '9' || !name[1])
		return fail(EINVAL, "cannot use %.32s: a word to show is one name, of 2 to 31 of a-z, "
			    "0-9, - and _", name);
	(void)text_copy(arg.key, sizeof(arg.key), name);
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		if (args_is(&arg, orders[i]))
			return fail(EINVAL, "cannot use %s: it says what is booted, or how", name);
	return 0;
}

static bool is_named(const struct conf *conf, const char *key)
{
	for (unsigned i = 0; i < conf->shown_count; i++)
		if (strcmp(conf->shown[i], key) == 0)
			return true;
	return false;
}

static bool is_shown(const struct conf *conf, const struct arg *arg, const char *raw, size_t len)
{
	static const char *const kernel[] = { "console", "loglevel", "panic", "quiet", "ro",
					      "rootwait", "rw" };
	static const char *const others[] = { "systemd", "rd", "cloud-init", "cloud_init",
					      "ignition", "flatcar", "coreos" };
	const size_t name = strcspn(arg->key, ".");

	for (size_t i = 0; i < len; i++)
		if (raw[i] <= ' ' || raw[i] > '~' || strchr("\"'\\", raw[i]))
			return false;
	if (arg->cut)
		return false;
	return arg->key[name] ? !is_one_of(arg->key, name, others, ARRAY_SIZE(others)) :
				is_one_of(arg->key, name, kernel, ARRAY_SIZE(kernel)) ||
				is_named(conf, arg->key);
}

unsigned conf_lock_line(const struct conf *conf, const char *cmdline, char *buf)
{
	const char *begin = cmdline, *cursor = cmdline;
	unsigned hidden = 0;
	struct arg arg;
	size_t len;

	for (; args_next(&cursor, &arg); begin = cursor) {
		begin += strspn(begin, ARGS_BLANKS);
		len = (size_t)(cursor - begin);
		if (!is_shown(conf, &arg, begin, len)) {
			hidden++;
			continue;
		}
		memcpy(buf, begin, len);
		buf += len;
		*buf++ = ' ';
	}
	*buf = '\0';
	return hidden + (cursor[0] != '\0');
}

bool conf_lock_opens(const struct conf *conf)
{
	return strcmp(conf->recovery_password, NO_PASSWORD_OPENS) != 0;
}
