/* SPDX-License-Identifier: MIT */
/*
 * Bounded text.  Pure; no heap, no globals.  Must never read past the end it is given (the text may
 * come from a bundle) nor write past the buffer.
 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Cuts line->buf into words; a '#' that begins a word ends the line. */
static int cut_words(struct text_line *line)
{
	char *p = line->buf;

	line->count = 0;
	for (;;) {
		while (is_blank(*p))
			*p++ = '\0';
		if (!*p || *p == '#')
			return 0;
		if (line->count == TEXT_WORDS_MAX)
			return -EINVAL;
		line->word[line->count++] = p;
		for (; *p && !is_blank(*p); p++)
			if (is_control(*p))
				return -EINVAL;
	}
}

/* Copies the raw line [begin, end) into line->buf and cuts it. */
static int take_line(struct text_line *line, const char *begin, const char *end)
{
	size_t len = (size_t)(end - begin);

	if (len >= sizeof(line->buf) || memchr(begin, '\0', len))
		return -EINVAL;
	memcpy(line->buf, begin, len);
	line->buf[len] = '\0';
	return cut_words(line);
}

int text_next_line(const char **cursor, const char *end, struct text_line *line)
{
	while (*cursor < end) {
		const char *begin = *cursor;
		const char *newline = memchr(begin, '\n', (size_t)(end - begin));

		*cursor = newline ? newline + 1 : end;
		line->number++;
		if (take_line(line, begin, newline ? newline : end))
			return -EINVAL;
		if (line->count)
			return 1;
	}
	return 0;
}

int text_number(const char *word, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*word)
		return -EINVAL;
	if (word[strspn(word, "0123456789")])
		return -EINVAL;
	for (; *word; word++) {
		unsigned digit = (unsigned)(*word - '0');

		if (digit > max || value > (max - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return 0;
}

int text_copy(char *buf, size_t size_bytes, const char *word)
{
	size_t len = strlen(word);

	if (len >= size_bytes)
		return -ENAMETOOLONG;
	memcpy(buf, word, len + 1);
	return 0;
}

bool text_is_name(const char *word)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t len = strspn(word, allowed);

	return len > 0 && len <= 31 && !word[len] && word[0] != '_' && word[0] != '-';
}

void text_hex(char *buf, const uint8_t *data, size_t len_bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len_bytes; i++) {
		*buf++ = digits[data[i] >> 4];
		*buf++ = digits[data[i] & 15];
	}
	*buf = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int text_unhex(const char *word, uint8_t *ret_data, size_t len_bytes)
{
	size_t len = strlen(word);

	if (len % 2 || len / 2 != len_bytes || strspn(word, "0123456789abcdef") != len)
		return -EINVAL;
	for (size_t i = 0; i < len_bytes; i++)
		ret_data[i] = (uint8_t)(hex_digit(word[2 * i]) << 4 | hex_digit(word[2 * i + 1]));
	return 0;
}

void text_begin(struct text_out *out, char *buf, size_t size_bytes)
{
	*out = (struct text_out){ .buf = buf, .size_bytes = size_bytes };
	if (size_bytes)
		buf[0] = '\0';
	else
		out->full = true;
}

void text_add(struct text_out *out, const char *fmt, ...)
{
	size_t room = out->size_bytes - out->len_bytes;
	va_list args;
	int len;

	if (out->full)
		return;
	va_start(args, fmt);
	len = vsnprintf(out->buf + out->len_bytes, room, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room) {
		out->buf[out->len_bytes] = '\0';
		out->full = true;
		return;
	}
	out->len_bytes += (size_t)len;
}

/* Length in bytes of the UTF-8 character at s, 0 when it is none (RFC 3629, table in section 4). */
static size_t utf8_len(const unsigned char *s)
{
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	/* The zero byte at the end is no continuation byte, so this stops there. */
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

void text_add_json(struct text_out *out, const char *s)
{
	text_add(out, "\"");
	while (*s) {
		size_t len = utf8_len((const unsigned char *)s);

		if (*s == '"' || *s == '\\')
			text_add(out, "\\%c", *s);
		else if (is_control(*s))
			text_add(out, "\\u%04x", (unsigned)(unsigned char)*s);
		else if (!len)
			text_add(out, "?");
		else
			text_add(out, "%.*s", (int)len, s);
		s += len ? len : 1;
	}
	text_add(out, "\"");
}

void text_blot(char *text)
{
	size_t len;

	for (unsigned char *s = (unsigned char *)text; *s; s += len) {
		const bool kept = *s == '\n' || *s == '\t';

		len = utf8_len(s);
		if (!len || (len == 1 && is_control((char)*s) && !kept) ||
		    (len == 2 && s[0] == 0xc2 && s[1] < 0xa0)) {
			len = len ? len : 1;
			memset(s, '?', len);
		}
	}
}

void text_blot_line(char *text)
{
	text_blot(text);
	for (; *text; text++)
		if (is_control(*text))
			*text = '?';
}

void text_add_json_or_null(struct text_out *out, const char *s)
{
	if (s && s[0])
		text_add_json(out, s);
	else
		text_add(out, "null");
}
