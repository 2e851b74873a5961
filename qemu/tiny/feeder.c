/* SPDX-License-Identifier: MIT */
/*
 * Feeds the hardware watchdog as a system's own daemon does: takes over what cowboot's init has
 * left running, asks for its time, and feeds four times as often. Must never stop it.
 */
#define _GNU_SOURCE
#include "feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void feed(int device)
{
	int timeout_s = 4;

	ioctl(device, WDIOC_GETTIMEOUT, &timeout_s);
	for (;;) {
		ioctl(device, WDIOC_KEEPALIVE, 0);
		usleep((unsigned)timeout_s * 250000u);
	}
}

int feeder_start(void)
{
	int device = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	FILE *file;
	pid_t pid;

	if (device < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	pid = fork();
	if (!pid)
		feed(device);
	close(device);
	if (pid < 0)
		return -errno;
	file = fopen("/run/feeder", "w");
	if (!file)
		return -errno;
	fprintf(file, "%d\n", (int)pid);
	return fclose(file) ? -errno : 0;
}
