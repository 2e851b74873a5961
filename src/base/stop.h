/* SPDX-License-Identifier: MIT */
/*
 * Requests to stop.  Long work asks between two pieces whether a signal has asked it to end, and then
 * ends as it does after a failure, so that everything is put back.
 */
#ifndef COWBOOT_BASE_STOP_H
#define COWBOOT_BASE_STOP_H

/*
 * From now on SIGINT, SIGTERM, SIGHUP and SIGPIPE do not end the program but are requests to stop.
 */
int stop_catch(void);

/* -EINTR with its line once a signal has asked, else 0; always 0 where stop_catch was not called. */
int stop_asked(void);

/*
 * Waits until fd, a pipe or a terminal, has something to read or has ended: 0; -EINTR once a signal has
 * asked, half a second after it at the latest; or another negative errno. With its line.
 */
int stop_wait_input(int fd);

#endif
