/* SPDX-License-Identifier: MIT */
/* What systemd-boot reads in an entry's name and text.  Must never take half a text for an entry. */
#include "loader/bootentry.h"

#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"

static const char PREFIX[] = "cowboot-";

static bool is_slot(char c)
{
	return c == 'a' || c == 'b';
}

bool bootentry_is_ours(const char *name)
{
	return !strncmp(name, PREFIX, sizeof(PREFIX) - 1) && is_slot(name[sizeof(PREFIX) - 1]);
}

/* "+LEFT" or "+LEFT-DONE" before ".conf". */
static bool parse_count(const char *text, unsigned *ret_left)
{
	char *end;
	unsigned long left = strtoul(text, &end, 10);

	if (end == text || left > LOADER_TRIES_MAX)
		return false;
	if (*end == '-')
		(void)strtoul(end + 1, &end, 10);
	*ret_left = (unsigned)left;
	return !strcmp(end, ".conf");
}

bool bootentry_parse(const char *name, struct bootentry_name *ret_name)
{
	const char *rest = name + sizeof(PREFIX);
	struct bootentry_name found = { .slot = 0 };

	if (!bootentry_is_ours(name))
		return false;
	found.slot = rest[-1];
	found.is_counted = *rest == '+';
	if (found.is_counted ? !parse_count(rest + 1, &found.left) : strcmp(rest, ".conf") != 0)
		return false;
	*ret_name = found;
	return true;
}

/* Whether this mark is there, and each time with this slot behind it. */
static bool says(const char *text, const char *mark, char slot)
{
	bool found = false;

	for (const char *at = text; (at = strstr(at, mark)); found = true) {
		at += strlen(mark);
		if (*at != slot)
			return false;
	}
	return found;
}

/* Of several such lines the last one counts. */
size_t bootentry_key(const char *text)
{
	static const char mark[] = "/cowboot/";
	size_t found = 0;

	for (const char *line = text; *line; line += *line == '\n') {
		const char *at = line + strspn(line, " \t"), *value = at + 3;

		line += strcspn(line, "\n");
		if (strncmp(at, "efi", 3) != 0 || (*value != ' ' && *value != '\t'))
			continue;
		value += strspn(value, " \t");
		found = 0;
		if (!strncmp(value, mark, strlen(mark)))
			found = (size_t)(value - text) + strlen(mark);
	}
	return found;
}

/* The number in the only line "version"; 0: there is no such line, or anything else in it. */
static unsigned version_of(const char *text)
{
	static const char mark[] = "\nversion ";
	const char *at = strstr(text, mark);
	unsigned version = 0;

	if (!at || strstr(at + 1, mark))
		return 0;
	at += strlen(mark);
	at += strspn(at, " \t");
	for (; *at >= '0' && *at <= '9' && version <= BOOTENTRY_VERSION_MAX / 10; at++)
		version = version * 10 + (unsigned)(*at - '0');
	at += strspn(at, " \t\r");
	return !*at || *at == '\n' ? version : 0;
}

bool bootentry_text_ok(const char *text, char slot, unsigned *ret_version)
{
	const unsigned version = version_of(text);

	if (!version || !says(text, "cowboot.slot=", slot) || !says(text, "/cowboot/", slot) ||
	    !bootentry_key(text))
		return false;
	*ret_version = version;
	return true;
}

void bootentry_rewrite(const char *from, char slot, bool counted, unsigned version,
		       struct text_out *out)
{
	static const char *const marks[] = { "cowboot.slot=", "/cowboot/", "title cowboot " };
	static const char counts[] = " cowboot.try";

	while (*from) {
		size_t len = 0;

		for (size_t i = 0; !len && i < sizeof(marks) / sizeof(marks[0]); i++)
			if (!strncmp(from, marks[i], strlen(marks[i])))
				len = strlen(marks[i]);
		if (len && is_slot(from[len])) {
			text_add(out, "%.*s%c%s", (int)len, from, slot,
				 counted && *from == 'c' ? counts : "");
			from += len + 1;
			if (!strncmp(from, counts, strlen(counts)))
				from += strlen(counts);
		} else if (!strncmp(from, "\nversion ", 9)) {
			text_add(out, "\nversion %u", version);
			from += 9 + strcspn(from + 9, "\n");
		} else {
			text_add(out, "%c", *from++);
		}
	}
}
