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
#include <string.h>
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

/* Some machine has a watchdog that resets it when it is only opened: QEMU's raspi3b. */
static int is_told_not_to(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return strstr(line, "tiny.feeder=no") != NULL;
}

int feeder_start(void)
{
	int device;
	FILE *file;
	pid_t pid;

	if (is_told_not_to())
		return 0;
	device = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
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
