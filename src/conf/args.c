/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line, cut into parameters. Pure; must cut it as the kernel does, quotes included.
 */
#include "conf/args.h"

#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where the parameter at p ends: at the first blank that is not in quotes. */
static const char *find_end(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || !is_space(*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	return p;
}

/* False when it does not fit; buf then holds what did. */
static bool keep(char *buf, size_t size_bytes, const char *begin, const char *end)
{
	size_t len = (size_t)(end - begin);
	bool fits = len < size_bytes;

	if (!fits)
		len = size_bytes - 1;
	memcpy(buf, begin, len);
	buf[len] = '\0';
	return fits;
}

bool args_next(const char **cursor, struct arg *ret_arg)
{
	struct arg arg = { .has_value = false };
	const char *p = *cursor, *end, *equals;
	bool quoted;

	while (is_space(*p))
		p++;
	end = find_end(p);
	*cursor = end;
	if (p == end || (end - p == 2 && memcmp(p, "--", 2) == 0))
		return false;
	quoted = *p == '"';
	if (quoted)
		p++;
	if (quoted && end > p && end[-1] == '"')
		end--;
	equals = end > p ? memchr(p + 1, '=', (size_t)(end - p - 1)) : NULL;
	arg.cut = !keep(arg.key, sizeof(arg.key), p, equals ? equals : end);
	if (equals) {
		p = equals + 1;
		if (p < end && *p == '"') {
			p++;
			if (!quoted && end > p && end[-1] == '"')
				end--;
		}
		arg.has_value = true;
		arg.cut |= !keep(arg.value, sizeof(arg.value), p, end);
	}
	*ret_arg = arg;
	return true;
}

void args_drop_last(char *cmdline)
{
	size_t len = strlen(cmdline);

	while (len && !is_space(cmdline[len - 1]))
		len--;
	cmdline[len] = '\0';
}

static bool same(char a, char b)
{
	return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_'));
}

bool args_is(const struct arg *arg, const char *name)
{
	const char *key = arg->key;

	while (*key && *name && same(*key, *name)) {
		key++;
		name++;
	}
	return !*key && !*name;
}

/* The name behind "MODULE.", or NULL. */
static const char *of_module(const struct arg *arg, const char *module)
{
	const char *key = arg->key;

	while (*module && same(*key, *module)) {
		key++;
		module++;
	}
	return !*module && key[0] == '.' && key[1] ? key + 1 : NULL;
}

int args_of_module(const char *cmdline, const char *module, char *buf, size_t size_bytes)
{
	struct text_out out;
	struct arg arg;

	text_begin(&out, buf, size_bytes);
	while (args_next(&cmdline, &arg)) {
		const char *name = of_module(&arg, module);
		const char *quote = strpbrk(arg.value, " \t") ? "\"" : "";

		if (!name)
			continue;
		if (arg.cut)
			return fail(ENOSPC, "cannot pass %s on to the module: it is too long", arg.key);
		text_add(&out, "%s%s", out.len_bytes ? " " : "", name);
		if (arg.has_value)
			text_add(&out, "=%s%s%s", quote, arg.value, quote);
	}
	return out.full ? fail(ENOSPC, "cannot pass on the parameters of %s: they are too long", module) : 0;
}
