/* SPDX-License-Identifier: MIT */
/*
 * The configuration file.  Pure; no heap, no globals.  Must never give half a configuration: the
 * caller's struct is filled after the last check.
 */
#include "conf/conf.h"

#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "conf/keys.h"

static int take_line(struct parsing *p, const struct text_line *line, unsigned seen[CONF_KEYS])
{
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];

		if (strcmp(line->word[0], key->name) != 0)
			continue;
		p->given = line->count - 1;
		if (p->given < key->values_min || p->given > key->values_max)
			return fail(EINVAL, "write it as: %s %s", key->name, key->usage);
		if (seen[i] && !key->repeated)
			return fail(EINVAL, "%s was given already, on line %u", key->name, seen[i]);
		seen[i] = line->number;
		return key->take(p, line->word + 1);
	}
	if (p->printed)
		return 0;
	return fail(EINVAL, "unknown key '%s'", line->word[0]);
}

static int take_lines(struct parsing *p, const char *text, size_t len_bytes)
{
	unsigned seen[CONF_KEYS] = { 0 };
	struct text_line line = { .number = 0 };
	const char *cursor = text;
	int rc;

	while ((rc = text_next_line(&cursor, text + len_bytes, &line)) > 0) {
		p->line = line.number;
		rc = take_line(p, &line, seen);
		if (rc)
			return fail_in(rc, "line %u", line.number);
	}
	if (rc)
		return fail(EINVAL, "line %u: more than %d words or %d bytes, or a control "
			    "character", line.number, TEXT_WORDS_MAX, TEXT_LINE_MAX - 1);
	return 0;
}

static int parse(const char *text, size_t len_bytes, bool printed, struct conf *ret_conf)
{
	struct parsing p = { .printed = printed };
	int rc;

	conf_defaults(&p.conf);
	rc = take_lines(&p, text, len_bytes);
	if (!rc)
		rc = conf_check_parts(&p.conf, &p.lines);
	if (!rc && !printed)
		rc = conf_check(&p.conf, &p.lines);
	if (rc)
		return rc;
	conf_sort(&p.conf);
	*ret_conf = p.conf;
	return 0;
}

int conf_parse(const char *text, size_t len_bytes, struct conf *ret_conf)
{
	return parse(text, len_bytes, false, ret_conf);
}

int conf_parse_printed(const char *text, size_t len_bytes, struct conf *ret_conf)
{
	return parse(text, len_bytes, true, ret_conf);
}
