/* SPDX-License-Identifier: MIT */
/*
 * A process that may hang for ever.  Must never wait for it without a bound, nor leave it a descriptor
 * of ours: above all that of the watchdog, which would then stay open when init hands the watchdog on.
 */
#include "storage/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/sys.h"
#include "storage/block.h"

#define BUSY_MAX 16
#define STEP_MS 200
#define DESCRIPTORS 256		/* more than either program ever has */

/* The processes that have not answered yet. */
static struct busy {
	char disk[BLOCK_NAME_MAX];
	pid_t pid;		/* 0: nobody */
} busy[BUSY_MAX];

struct answer {
	int rc;
	_Alignas(16) uint8_t bytes[ASIDE_ANSWER_MAX];
};

static size_t length(size_t answer_bytes)
{
	return offsetof(struct answer, bytes) + answer_bytes;
}

static bool is_busy(const char *disk)
{
	for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
		/* Other code may have reaped it already (waitpid fails): then it has ended as well. */
		if (busy[i].pid && waitpid(busy[i].pid, NULL, WNOHANG) != 0)
			busy[i].pid = 0;
		if (busy[i].pid && strcmp(busy[i].disk, disk) == 0)
			return true;
	}
	return false;
}

/* A list that is full forgets one: at worst that disk is asked once more. */
static void remember(const char *disk, pid_t pid)
{
	size_t at = 0;

	while (at < ARRAY_SIZE(busy) - 1 && busy[at].pid)
		at++;
	busy[at].pid = pid;
	(void)snprintf(busy[at].disk, sizeof(busy[at].disk), "%s", disk);
}

static void work_there(int out, aside_work *work, const void *what, size_t answer_bytes)
		__attribute__((noreturn));
static void work_there(int out, aside_work *work, const void *what, size_t answer_bytes)
{
	struct answer answer = { .rc = 0 };

	alive_setup(NULL);
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (fd != out)
			(void)close(fd);
	answer.rc = work(what, answer.bytes);
	/* The reader may have given up meanwhile. */
	if (write(out, &answer, length(answer_bytes)) < 0)
		_exit(1);
	_exit(0);
}

/* Whether there is something to be read, in time. */
static bool wait_for(int fd, uint64_t end_ms)
{
	for (uint64_t now_ms = sys_now_ms(); now_ms < end_ms; now_ms = sys_now_ms()) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };
		const uint64_t left_ms = end_ms - now_ms;

		if (poll(&pollfd, 1, (int)(left_ms < STEP_MS ? left_ms : STEP_MS)) > 0)
			return true;
		alive();
	}
	return false;
}

/* Takes the answer, if it comes in time. */
static int wait_answer(int fd, void *ret_answer, size_t answer_bytes, unsigned wait_ms)
{
	struct answer answer;

	if (!wait_for(fd, sys_now_ms() + wait_ms))
		return -ETIMEDOUT;
	if (read(fd, &answer, sizeof(answer)) != (ssize_t)length(answer_bytes))
		return -EIO;
	if (!answer.rc)
		memcpy(ret_answer, answer.bytes, answer_bytes);
	return answer.rc;
}

int aside_run(const char *disk, aside_work *work, const void *what, void *ret_answer,
	      size_t answer_bytes, unsigned wait_ms)
{
	int pipe_fd[2], rc;
	pid_t pid;

	if (answer_bytes > ASIDE_ANSWER_MAX)
		return -EINVAL;
	if (is_busy(disk))
		return -EBUSY;
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		work_there(pipe_fd[1], work, what, answer_bytes);
	rc = pid < 0 ? -errno : 0;
	(void)close(pipe_fd[1]);
	if (!rc)
		rc = wait_answer(pipe_fd[0], ret_answer, answer_bytes, wait_ms);
	(void)close(pipe_fd[0]);
	if (rc == -ETIMEDOUT)
		remember(disk, pid);
	else if (pid > 0)
		(void)waitpid(pid, NULL, 0);	/* it has answered, or died: it is ending */
	return rc;
}
