/* SPDX-License-Identifier: MIT */
/* Who feeds the hardware watchdog on the tiny test root, where there is one. */
#ifndef TINY_FEEDER_H
#define TINY_FEEDER_H

/*
 * Starts a process that opens /dev/watchdog, leaves its own id in /run/feeder and feeds until it is
 * killed, which resets the board some time later. No device, or tiny.feeder=no on the kernel's
 * command line: does nothing. 0 or a negative errno.
 */
int feeder_start(void);

#endif
