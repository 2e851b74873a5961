/* SPDX-License-Identifier: MIT */
/*
 * Bounded text: "key value" lines (board configuration, bundle manifest), numbers, and appending to
 * a fixed buffer, JSON included.  Pure; no heap.
 */
#ifndef COWBOOT_BASE_TEXT_H
#define COWBOOT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_WORDS_MAX 8
#define TEXT_LINE_MAX 512

/* One line cut into words at blanks; words point into buf. */
struct text_line {
	unsigned number;		/* counted from 1 */
	unsigned count;			/* words */
	char *word[TEXT_WORDS_MAX];
	char buf[TEXT_LINE_MAX];
};

/*
 * The next line of *cursor that is neither blank nor a comment ('#' where a word could begin).
 * Returns 1 with a line, 0 at the end, -EINVAL for a line that is too long, has too many words or a
 * control byte (ret_line->number is set).  Start with a zeroed struct; *cursor moves on.
 */
int text_next_line(const char **cursor, const char *end, struct text_line *line);

/* A whole decimal number, nothing else in the word. -EINVAL, -ERANGE when above max. */
int text_number(const char *word, uint64_t max, uint64_t *ret_value);

/* Copies word into a buffer of size bytes; -ENAMETOOLONG when it does not fit. */
int text_copy(char *buf, size_t size_bytes, const char *word);

/* Whether word may name a volume: [a-z0-9][a-z0-9_-]*, at most 31 bytes. */
bool text_is_name(const char *word);

/* len_bytes bytes as lower-case hex plus a zero byte into buf (2*len+1), and back. */
void text_hex(char *buf, const uint8_t *data, size_t len_bytes);
int text_unhex(const char *word, uint8_t *ret_data, size_t len_bytes);

/* A buffer that text is appended to; what does not fit is dropped and full is set. */
struct text_out {
	char *buf;
	size_t size_bytes;
	size_t len_bytes;	/* without the zero byte that is always kept */
	bool full;
};

void text_begin(struct text_out *out, char *buf, size_t size_bytes);
void text_add(struct text_out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Makes text from a disk fit for a terminal, in place: a '?' for each byte that could make the terminal
 * do something (control characters but newline and tab, C1 ones too) and for each that is not UTF-8.
 */
void text_blot(char *text);

/* The same of what must stay on one line, such as a name: newlines and tabs are blotted, too. */
void text_blot_line(char *text);

/* Appends s as a JSON string, quotes included. Bytes that are not UTF-8 become '?'. */
void text_add_json(struct text_out *out, const char *s);

/* The same, and null for what is not known: NULL, or empty. */
void text_add_json_or_null(struct text_out *out, const char *s);

#endif
