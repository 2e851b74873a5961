/* SPDX-License-Identifier: MIT */
#ifndef SIM_PRINT_H
#define SIM_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* What every call of snprintf and vsnprintf in this program goes to (ld --wrap), and libc's own. */
int __wrap_snprintf(char *buf, size_t size_bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int __wrap_vsnprintf(char *buf, size_t size_bytes, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
int __real_vsnprintf(char *buf, size_t size_bytes, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

/* Ends the program unless they and libc's write the same. */
void print_check(void);

#endif
