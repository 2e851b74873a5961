/* SPDX-License-Identifier: MIT */
/*
 * libc's vsnprintf was a fifth of the simulator's time: names and paths are short, and what it sets
 * up for them is not.  This one knows the conversions that are common here, leaves every other
 * format to libc as a whole, and is compared with it before anything is simulated.
 */
#include "print.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *buf;
	size_t size_bytes, len; /* len: as if there were room for all */
};

static void put(struct text *t, const char *s, size_t len)
{
	if (t->len < t->size_bytes) {
		const size_t room = t->size_bytes - t->len;

		memcpy(t->buf + t->len, s, len < room ? len : room);
	}
	t->len += len;
}

/* Up to its end, or to that character; what is behind. */
static const char *put_all(struct text *t, const char *s, char end)
{
	char *to = t->buf + t->len;
	const size_t room = t->len < t->size_bytes ? t->size_bytes - t->len : 0;
	size_t n = 0;

	for (; s[n] && s[n] != end; n++)
		if (n < room)
			to[n] = s[n];
	t->len += n;
	return s + n;
}

static void fill(struct text *t, char c, size_t len, size_t width)
{
	for (; len < width; len++)
		put(t, &c, 1);
}

struct conversion {
	bool left, zeros, minus;
	size_t width, most; /* most: of a string */
	unsigned base;
};

static void put_number(struct text *t, const struct conversion *c, uint64_t value)
{
	char digits[24], *at = digits + sizeof(digits);
	size_t len;

	if (c->base == 16)
		do
			*--at = "0123456789abcdef"[value & 15];
		while (value >>= 4);
	else
		do
			*--at = (char)('0' + value % 10);
		while (value /= 10);
	len = (size_t)(digits + sizeof(digits) - at);
	if (c->minus && c->zeros)
		put(t, "-", 1);
	else if (c->minus)
		*--at = '-';
	if (c->minus)
		len++;
	if (!c->left)
		fill(t, c->zeros ? '0' : ' ', len, c->width);
	put(t, at, (size_t)(digits + sizeof(digits) - at));
	if (c->left)
		fill(t, ' ', len, c->width);
}

static void put_string(struct text *t, const struct conversion *c, const char *s)
{
	size_t len;

	if (!c->width && c->most == SIZE_MAX) {
		put_all(t, s, 0);
		return;
	}
	len = strnlen(s, c->most);

	if (!c->left)
		fill(t, ' ', len, c->width);
	put(t, s, len);
	if (c->left)
		fill(t, ' ', len, c->width);
}

static size_t number(const char **fmt)
{
	size_t n = 0;

	while (**fmt >= '0' && **fmt <= '9')
		n = n * 10 + (size_t)(*(*fmt)++ - '0');
	return n;
}

/* Flags, width and precision. false: not one of those known here. */
static bool read_how(const char **fmt, va_list *args, struct conversion *c)
{
	int most;

	for (;; (*fmt)++)
		if (**fmt == '-')
			c->left = true;
		else if (**fmt == '0')
			c->zeros = true;
		else
			break;
	c->width = number(fmt);
	if (**fmt != '.')
		return true;
	++*fmt;
	if (**fmt == '*') {
		++*fmt;
		most = va_arg(*args, int);
		if (most < 0)
			return false;
		c->most = (size_t)most;
	} else {
		c->most = number(fmt);
	}
	return **fmt == 's';
}

static uint64_t signed_value(struct conversion *c, int64_t value)
{
	c->minus = value < 0;
	return c->minus ? 0 - (uint64_t)value : (uint64_t)value;
}

/* One conversion, from behind its percent sign. false: not one of those known here. */
static bool convert(struct text *t, const char **fmt, va_list *args)
{
	struct conversion c = { .most = SIZE_MAX, .base = 10 };
	bool is_long = false;
	const char *s;
	char one;

	if (!read_how(fmt, args, &c))
		return false;
	for (; **fmt == 'l' || **fmt == 'z'; ++*fmt)
		is_long = true; /* long, long long and size_t are all of 64 bits */
	switch (*(*fmt)++) {
	case 's':
		s = va_arg(*args, const char *);
		if (!s || is_long || c.zeros)
			return false;
		put_string(t, &c, s);
		return true;
	case 'c':
		one = (char)va_arg(*args, int);
		if (is_long || c.width)
			return false;
		put(t, &one, 1);
		return true;
	case 'd':
		put_number(t, &c, signed_value(&c, is_long ? va_arg(*args, long) : va_arg(*args, int)));
		return true;
	case 'x':
		c.base = 16;
		__attribute__((fallthrough));
	case 'u':
		put_number(t, &c,
			   is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned));
		return true;
	default:
		return false;
	}
}

static bool print(struct text *t, const char *fmt, va_list *args)
{
	while (*fmt) {
		fmt = put_all(t, fmt, '%');
		if (!*fmt)
			return true;
		fmt++;
		if (!convert(t, &fmt, args))
			return false;
	}
	return true;
}

int __wrap_vsnprintf(char *buf, size_t size_bytes, const char *fmt, va_list args)
{
	struct text t = { buf, size_bytes, 0 };
	va_list again;
	bool known;

	va_copy(again, args);
	known = print(&t, fmt, &again);
	va_end(again);
	if (!known)
		return __real_vsnprintf(buf, size_bytes, fmt, args);
	if (size_bytes)
		buf[t.len < size_bytes ? t.len : size_bytes - 1] = 0;
	return (int)t.len;
}

int __wrap_snprintf(char *buf, size_t size_bytes, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = __wrap_vsnprintf(buf, size_bytes, fmt, args);
	va_end(args);
	return len;
}

/* ---- Compared with libc's ---- */

__attribute__((format(printf, 1, 2))) static void compare(const char *fmt, ...)
{
	for (size_t size_bytes = 0; size_bytes < 80; size_bytes++) {
		char own[96], right[96];
		int own_len, right_len;
		va_list args;

		memset(own, '#', sizeof(own));
		memset(right, '#', sizeof(right));
		va_start(args, fmt);
		own_len = __wrap_vsnprintf(own, size_bytes, fmt, args);
		va_end(args);
		va_start(args, fmt);
		right_len = __real_vsnprintf(right, size_bytes, fmt, args);
		va_end(args);
		if (own_len == right_len && !memcmp(own, right, sizeof(own)))
			continue;
		fprintf(stderr, "sim: its snprintf is not libc's for \"%s\"\n", fmt);
		exit(1);
	}
}

void print_check(void)
{
	static const int64_t numbers[] = { 0, 1, -1, 9, 10, -10, 255, 4096, 99999, INT32_MAX,
					   INT32_MIN, INT64_MAX, INT64_MIN, 0x123456789abcdef };

	compare("plain, and 100%% of it");
	compare("%s|%s|%9s|%-9s|%2s|%-2s", "", "some text", "right", "left", "wide", "wide");
	compare("%.3s|%.*s|%.*s|%-6.2s|%.0s", "cut off", 4, "cut off", 40, "whole", "both", "none");
	compare("%c%c|%10s", 'a', '%', "b");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const long n = numbers[i];
		const int d = (int)n;

		compare("%d|%u|%x|%ld|%lu|%lx|", d, (unsigned)d, (unsigned)d, n, (unsigned long)n,
			(unsigned long)n);
		compare("%02x|%08x|%5d|%-5d|%05d|%2u", (unsigned)d, (unsigned)d, d, d, d,
			(unsigned)d);
		compare("%lld|%llu|%llx|%zu", (long long)n, (unsigned long long)n,
			(unsigned long long)n, (size_t)n);
		compare("%hhu|%+d|%#x|%X|%.3d|%o", (unsigned char)d, d, (unsigned)d, (unsigned)d,
			d, (unsigned)d);
	}
}
