/* SPDX-License-Identifier: MIT */
/* Asking a person on the terminal, a line at a time. */
#ifndef COWBOOT_RECOVERY_TERMINAL_H
#define COWBOOT_RECOVERY_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Prints prompt and reads a line of standard input into buf, without blanks around it; a longer one
 * is cut.  -EPIPE: there is nobody any more.
 */
int terminal_ask(const char *prompt, char *buf, size_t size_bytes);

/* The same, without showing what is typed. */
int terminal_secret(const char *prompt, char *buf, size_t size_bytes);

/* Waits for Enter. */
void terminal_pause(void);

/*
 * Prints text a page at a time, from the last `lines` of it on (0: all); Enter goes on, q ends.
 */
void terminal_page(const char *text, unsigned lines);

#endif
