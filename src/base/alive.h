/* SPDX-License-Identifier: MIT */
/*
 * Signs of progress.  Code that may take long calls alive() at each step that it gets done, and never
 * from a timer, because the listener (init, to feed the watchdog) takes each call for progress.
 */
#ifndef COWBOOT_BASE_ALIVE_H
#define COWBOOT_BASE_ALIVE_H

/* Says that something was got done, or that a wait with a deadline goes on. */
void alive(void);

/* From now on each alive() calls listen; before, it does nothing. */
void alive_setup(void (*listen)(void));

#endif
