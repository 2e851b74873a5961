/* SPDX-License-Identifier: MIT */
/*
 * The log line.  One grammar everywhere: "PROGRAM: TEXT", levels as in syslog(3).  init writes to
 * the kernel log, the command to standard error; the program says which at its start.
 */
#ifndef COWBOOT_BASE_LOG_H
#define COWBOOT_BASE_LOG_H

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Takes one line without its newline; called for every line at or below the set level. */
typedef void log_sink(enum log_level level, const char *line);

/* Standard error until this is called. program is kept by reference. */
void log_setup(const char *program, log_sink *sink, enum log_level max_level);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_note(...) log_line(LOG_NOTE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)

#endif
