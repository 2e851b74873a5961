/* SPDX-License-Identifier: MIT */
/* The words after a verb: options, numbers, verbs within verbs.  Pure but for what it prints. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cow/format.h"

/* One option at argv[*i]; *i moves on over a value that is a word of its own. */
static int take_option(const char *verb, const struct cli_option *o, int argc, char **argv, int *i)
{
	size_t name_bytes;

	for (; o && o->name; o++) {
		name_bytes = strlen(o->name);
		if (strncmp(argv[*i], o->name, name_bytes))
			continue;
		if (argv[*i][name_bytes] == '=' && o->value) {
			*o->value = argv[*i] + name_bytes + 1;
			return 0;
		}
		if (argv[*i][name_bytes])
			continue;
		if (o->flag) {
			*o->flag = true;
			return 0;
		}
		if (*i + 1 >= argc)
			return cli_usage(verb, "%s needs a value", o->name);
		*o->value = argv[++*i];
		return 0;
	}
	if (!strcmp(argv[*i], "--config") || !strcmp(argv[*i], "--progress"))
		return cli_usage(verb, "%s stands before the verb", argv[*i]);
	return cli_usage(verb, "unknown option '%s'", argv[*i]);
}

int cli_options(int *argc, char **argv, const struct cli_option *options)
{
	int kept = 1;
	bool only_operands = false;

	for (int i = 1; i < *argc; i++) {
		if (!only_operands && !strcmp(argv[i], "--")) {
			only_operands = true;
		} else if (!only_operands && argv[i][0] == '-' && argv[i][1]) {
			int rc = take_option(argv[0], options, *argc, argv, &i);

			if (rc)
				return rc;
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

/* The value of argv[*i] if that is the option called name; NULL: it is not, or it has none. */
static const char *value_of(const char *name, int argc, char **argv, int *i)
{
	size_t name_bytes = strlen(name);

	if (strncmp(argv[*i], name, name_bytes))
		return NULL;
	if (argv[*i][name_bytes] == '=')
		return argv[*i] + name_bytes + 1;
	return !argv[*i][name_bytes] && *i + 1 < argc ? argv[++*i] : NULL;
}

int cli_repeated(int *argc, char **argv, const char *name, struct cli_words *ret_words)
{
	bool only_operands = false;
	int kept = 1;

	ret_words->count = 0;
	for (int i = 1; i < *argc; i++) {
		const char *value;

		only_operands = only_operands || !strcmp(argv[i], "--");
		value = only_operands ? NULL : value_of(name, *argc, argv, &i);
		if (!value) {
			if (!only_operands && !strcmp(argv[i], name))
				return cli_usage(argv[0], "%s needs a value", name);
			argv[kept++] = argv[i];
			continue;
		}
		if (ret_words->count == CLI_WORDS_MAX)
			return cli_usage(argv[0], "%s is given more than %d times", name, CLI_WORDS_MAX);
		ret_words->word[ret_words->count++] = value;
	}
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

int cli_number(const char *verb, const char *name, const char *word, uint64_t min, uint64_t max,
	       uint64_t *ret_value)
{
	uint64_t value;

	if (text_number(word, max, &value) || value < min)
		return cli_usage(verb, "%s '%s' is no number from %" PRIu64 " to %" PRIu64, name,
				 word, min, max);
	*ret_value = value;
	return 0;
}

int cli_chunk_sectors(const char *verb, const char *word, uint32_t *ret_chunk_sectors)
{
	uint64_t value = 0;
	int rc;

	if (!word)
		return 0;
	rc = cli_number(verb, "--chunk-sectors", word, 1, COW_CHUNK_SECTORS_MAX, &value);
	if (rc)
		return rc;
	if (!cow_chunk_ok(value))
		return cli_usage(verb, "--chunk-sectors %s is no power of two", word);
	*ret_chunk_sectors = (uint32_t)value;
	return 0;
}

int cli_sub(const struct cli_sub *subs, int argc, char **argv)
{
	const char *verb = argv[0];

	if (argc < 2)
		return cli_usage(verb, "%s needs to know what to do", verb);
	for (; subs->name; subs++) {
		if (strcmp(argv[1], subs->name))
			continue;
		argv[1] = argv[0];
		return subs->run(argc - 1, argv + 1);
	}
	return cli_usage(verb, "%s knows no '%s'", verb, argv[1]);
}
