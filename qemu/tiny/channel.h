/* SPDX-License-Identifier: MIT */
/*
 * The command channel of the tiny test root: a virtio-serial port over which the host runs commands
 * and moves files. Never part of a shipped image.
 *
 *   host to guest   run BYTES\n + command    put BYTES PATH\n + data    get PATH\n
 *                   reboot\n                 poweroff\n
 *   guest to host   hello VERSION\n, once per boot
 *                   out BYTES\n + data, any number of these, then end CODE\n
 */
#ifndef TINY_CHANNEL_H
#define TINY_CHANNEL_H

enum channel_verdict { CHANNEL_ON, CHANNEL_LOST, CHANNEL_REBOOT, CHANNEL_POWEROFF };

/* Opens the port named "cowboot"; its descriptor, or -ENODEV when the machine has none. */
int channel_open(void);

/* Greets the host with the version of this root; 0 or a negative errno. */
int channel_hello(int fd, const char *version);

/* Reads one request from fd and serves it to its end. */
enum channel_verdict channel_serve(int fd);

#endif
