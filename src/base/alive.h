/* SPDX-License-Identifier: MIT */
/*
 * Signs of life.  Whatever may take long says so at each step that it gets done, and never from a
 * timer: who listens (init, to feed the watchdog) takes it for progress.
 */
#ifndef COWBOOT_BASE_ALIVE_H
#define COWBOOT_BASE_ALIVE_H

/* Something is done that was not done before, or a wait with a deadline goes on. */
void alive(void);

/* Calls listen at each sign; nobody listens until this is called. */
void alive_setup(void (*listen)(void));

#endif
