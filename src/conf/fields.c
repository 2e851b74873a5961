/* SPDX-License-Identifier: MIT */
/* Single fields of the configuration. Pure; must never change an output and then fail. */
#include "conf/fields.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/spec.h"
#include "base/text.h"

/* Words from the kernel command line may have what no word of a file can. */
static bool is_word(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word <= ' ' || *word == 0x7f || *word == '#')
			return false;
	return true;
}

static int keep(char *buf, size_t size_bytes, const char *word)
{
	if (!is_word(word))
		return fail(EINVAL, "cannot use %.32s: a blank, # or control character in it",
			    word);
	if (text_copy(buf, size_bytes, word))
		return fail(EINVAL, "cannot use %.32s...: longer than %zu bytes", word,
			    size_bytes - 1);
	return 0;
}

int field_spec(char buf[CONF_SPEC_MAX], const char *word)
{
	enum spec_kind kind;
	const char *value;
	int rc = spec_parse(word, &kind, &value);

	return rc ? rc : keep(buf, CONF_SPEC_MAX, word);
}

static bool is_plain_path(const char *path)
{
	if (*path != '/')
		return false;
	if (!path[1])
		return true;
	while (*path) {
		size_t len = strcspn(++path, "/");

		if (!len || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return true;
}

int field_path(char buf[CONF_PATH_MAX], const char *word)
{
	if (!is_plain_path(word))
		return fail(EINVAL, "cannot use %s: not an absolute path without //, . or ..",
			    word);
	return keep(buf, CONF_PATH_MAX, word);
}

int field_fstype(char buf[16], const char *word)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-.";

	if (!*word || word[strspn(word, allowed)] || strcmp(word, "auto") == 0)
		return fail(EINVAL, "cannot use %s: not the type of one file system", word);
	return keep(buf, 16, word);
}

bool field_has_option(const char *options, const char *option)
{
	size_t len = strlen(option);

	for (;;) {
		size_t piece = strcspn(options, ",");

		if (piece == len && memcmp(options, option, len) == 0)
			return true;
		if (!options[piece])
			return false;
		options += piece + 1;
	}
}

int field_volume_name(const char *name)
{
	size_t len = strlen(name), tail = strlen("-store");

	if (!text_is_name(name))
		return fail(EINVAL, "cannot use %s: a volume's name is a-z, 0-9, - and _, at most "
			    "31", name);
	if (strcmp(name, "data") == 0 || strcmp(name, "control") == 0)
		return fail(EINVAL, "cannot use %s: this name is not for volumes", name);
	if (len >= tail && strcmp(name + len - tail, "-store") == 0)
		return fail(EINVAL, "cannot use %s: names that end in -store are for stores", name);
	return 0;
}

int field_options(char buf[CONF_OPTIONS_MAX], const char *word)
{
	if (!*word || field_has_option(word, ""))
		return fail(EINVAL, "cannot use '%s': an empty mount option", word);
	if (field_has_option(word, "ro") && field_has_option(word, "rw"))
		return fail(EINVAL, "cannot use %s: both ro and rw", word);
	return keep(buf, CONF_OPTIONS_MAX, word);
}

int field_volume_options(char buf[CONF_OPTIONS_MAX], const char *word)
{
	char options[CONF_OPTIONS_MAX];
	int rc = field_options(options, word);

	if (rc)
		return rc;
	if (field_has_option(options, "rw"))
		return fail(EINVAL, "cannot use %s: volumes that bundles replace are mounted "
			    "read-only", word);
	if (field_has_option(options, "ro"))
		return keep(buf, CONF_OPTIONS_MAX, options);
	if (strlen(options) + strlen("ro,") >= CONF_OPTIONS_MAX)
		return fail(EINVAL, "cannot use %.32s...: longer than %d bytes", word,
			    CONF_OPTIONS_MAX - 1);
	memcpy(buf, "ro,", strlen("ro,"));
	return keep(buf + strlen("ro,"), CONF_OPTIONS_MAX - strlen("ro,"), options);
}

int field_number(unsigned *ret_value, const char *word, unsigned min, unsigned max)
{
	uint64_t value;

	if (text_number(word, max, &value) || value < min)
		return fail(EINVAL, "cannot use %s: not a number from %u to %u", word, min, max);
	*ret_value = (unsigned)value;
	return 0;
}

int field_watchdog(char buf[CONF_PATH_MAX], const char *word)
{
	if (strcmp(word, "off") == 0)
		word = "";
	else if (strcmp(word, "auto") == 0)
		word = CONF_WATCHDOG_AUTO;
	else if (strncmp(word, "/dev/", strlen("/dev/")) != 0 || !is_plain_path(word))
		return fail(EINVAL, "cannot use %s: not auto, off or a device in /dev", word);
	return keep(buf, CONF_PATH_MAX, word);
}

int field_choice(bool *ret_yes, const char *word, const char *yes, const char *no)
{
	bool is_yes = strcmp(word, yes) == 0;

	if (!is_yes && strcmp(word, no) != 0)
		return fail(EINVAL, "cannot use %s: not %s or %s", word, yes, no);
	*ret_yes = is_yes;
	return 0;
}

int field_yes(bool *ret_yes, const char *word)
{
	return field_choice(ret_yes, word, "yes", "no");
}

int field_keep(enum conf_keep *ret_keep, unsigned *ret_days, const char *word)
{
	static const char *const words[] = { [KEEP_OLD] = "yes", [KEEP_NOT] = "no",
					     [KEEP_MUST] = "must" };
	uint64_t days = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_keep = (enum conf_keep)i;
			*ret_days = 0;
			return 0;
		}
	}
	if (text_number(word, CONF_KEEP_MAX_DAYS, &days) || !days)
		return fail(EINVAL, "cannot use %s: not yes, no, must or a number of days from 1 to %d",
			    word, CONF_KEEP_MAX_DAYS);
	*ret_keep = KEEP_OLD;
	*ret_days = (unsigned)days;
	return 0;
}

int field_password(char buf[CONF_PASSWORD_MAX], const char *word)
{
	if (strncmp(word, "$argon2", strlen("$argon2")) != 0 ||
	    strlen(word) >= CONF_PASSWORD_MAX)
		return fail(EINVAL, "cannot use %.16s...: not what cowboot recovery --hash prints",
			    word);
	return keep(buf, CONF_PASSWORD_MAX, word);
}

int field_no(bool *ret_no, const char *word)
{
	bool yes;
	int rc = field_yes(&yes, word);

	if (!rc)
		*ret_no = !yes;
	return rc;
}

static const char *const recovery_names[] = {
	[GIVEUP_MENU] = "menu",
	[GIVEUP_SHELL] = "shell",
	[GIVEUP_REBOOT] = "reboot",
	[GIVEUP_POWEROFF] = "poweroff",
};

int field_giveup(enum conf_giveup *ret_recovery, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(recovery_names); i++) {
		if (strcmp(word, recovery_names[i]) == 0) {
			*ret_recovery = (enum conf_giveup)i;
			return 0;
		}
	}
	return fail(EINVAL, "cannot use %s: not menu, shell, reboot or poweroff", word);
}

const char *field_giveup_name(enum conf_giveup recovery)
{
	return recovery_names[recovery];
}
