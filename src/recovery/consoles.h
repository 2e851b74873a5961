/* SPDX-License-Identifier: MIT */
/*
 * The kernel's consoles, and one program on each of them: what stands there where no boot is left.
 * Only here may the first process wait for a person.
 */
#ifndef COWBOOT_RECOVERY_CONSOLES_H
#define COWBOOT_RECOVERY_CONSOLES_H

#include <stdbool.h>

#define CONSOLES_MAX 8
#define CONSOLE_NAME_MAX 32

/*
 * Pure. The terminals behind /sys/class/tty/console/active, each once: "tty0" is the screen's first
 * one, tty1, and with screen that one is among them even if the kernel does not print there.  With
 * none known it is "console" alone.  Returns how many.
 */
unsigned consoles_parse(const char *active, bool screen,
			char ret_names[CONSOLES_MAX][CONSOLE_NAME_MAX]);

struct consoles_job {
	char *const *argv;	/* the program and its words; ends with NULL */
	const char *board;	/* its name, for the prompt of a shell; empty: none is known */
	const char *text;	/* shown on every console before; NULL: nothing */
	int verdict_min;	/* an exit code from here on is an answer; less, or a signal: it failed */
	void (*tick)(void);	/* called several times a second while it waits; may be NULL */
};

/*
 * Runs the program on every console, each as the leader of a session of its own, and starts it
 * again where it failed, a bounded number of times.  Returns the first answer (not negative), with
 * every other process of the board ended; or -ENOEXEC when nothing runs on any console any more.
 */
int consoles_run(const struct consoles_job *job);

/* Ends every process but this one, and reaps what there is to reap. Bounded in time. */
void consoles_end_all(void);

#endif
