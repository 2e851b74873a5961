/* SPDX-License-Identifier: MIT */
/*
 * Takes times in the guest, for `make bench`.  Never in anything that ships.
 *
 *	stopwatch merge NAME COMMAND...		runs COMMAND, by which the device NAME begins to merge, and prints in
 *						microseconds how long the merge takes, from the first look that finds
 *						the device merging to the first that finds nothing left, how long
 *						COMMAND took, and how long it was until both were over
 *	stopwatch copy FROM TO BYTES		reads and writes so much, past the page cache and in pieces of a MiB,
 *						flushes TO, and prints the microseconds
 *
 * The device is looked at by ioctls of its own (DM_TABLE_STATUS), every half millisecond.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1u << 20)
#define PAUSE_NS 500000

static union {
	struct dm_ioctl head;
	char bytes[16384];
} io;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "stopwatch: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
}

enum state { NOT_YET, MERGING, DONE };

/* A device that is linear again has merged as well. */
static enum state look(int control, const char *name, enum state before)
{
	const struct dm_target_spec *spec;
	const char *status;
	uint64_t allocated, metadata;

	memset(&io, 0, sizeof(io.head));
	io.head.version[0] = 4;
	io.head.data_size = sizeof(io);
	io.head.data_start = sizeof(io.head);
	snprintf(io.head.name, sizeof(io.head.name), "%s", name);
	if (ioctl(control, DM_TABLE_STATUS, &io))
		die("look at the device");
	spec = (const void *)(io.bytes + io.head.data_start);
	status = (const char *)(spec + 1);
	if (strcmp(spec->target_type, "linear") == 0)
		return before == NOT_YET ? NOT_YET : DONE;
	/* While it is handed over it has no exceptions yet, which looks like the end. */
	if (strcmp(spec->target_type, "snapshot-merge") != 0 || io.head.flags & DM_SUSPEND_FLAG)
		return before;
	if (sscanf(status, "%" SCNu64 "/%*u %" SCNu64, &allocated, &metadata) != 2)
		die("read the status");
	return allocated == metadata ? DONE : MERGING;
}

static int merge(const char *name, char **command)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC), how = 0;
	uint64_t start_us = now_us(), begun_us = 0, done_us = 0, ended_us = 0;
	enum state state = NOT_YET;
	pid_t child = fork();

	if (control < 0 || child < 0)
		die("begin");
	if (!child) {
		execvp(command[0], command);
		_exit(127);
	}
	while (!done_us || !ended_us) {
		if (!done_us)
			state = look(control, name, state);
		if (state != NOT_YET && !begun_us)
			begun_us = now_us();
		if (state == DONE && !done_us)
			done_us = now_us();
		if (!ended_us && waitpid(child, &how, WNOHANG) == child) {
			ended_us = now_us();
			if (how || state == NOT_YET)
				die("use what the command has done");
		}
		nanosleep(&pause, NULL);
	}
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", done_us - begun_us, ended_us - start_us,
	       (done_us > ended_us ? done_us : ended_us) - start_us);
	return 0;
}

static int copy(const char *from_path, const char *to_path, uint64_t bytes)
{
	int from = open(from_path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	int to = open(to_path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	char *piece = aligned_alloc(4096, PIECE);
	uint64_t start_us = now_us();

	if (from < 0 || to < 0 || !piece)
		die("open the devices");
	for (uint64_t at = 0; at < bytes; at += PIECE)
		if (pread(from, piece, PIECE, (off_t)at) != PIECE || pwrite(to, piece, PIECE, (off_t)at) != PIECE)
			die("copy");
	if (fsync(to))
		die("flush");
	printf("%" PRIu64 "\n", now_us() - start_us);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "merge") == 0)
		return merge(argv[2], argv + 3);
	if (argc == 5 && strcmp(argv[1], "copy") == 0)
		return copy(argv[2], argv[3], strtoull(argv[4], NULL, 10));
	fputs("usage: stopwatch merge NAME COMMAND... | copy FROM TO BYTES\n", stderr);
	return 64;
}
