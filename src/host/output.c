/* SPDX-License-Identifier: MIT */
/*
 * A result that appears whole or not at all: written under another name beside its own, made
 * durable, then renamed.  Never leaves the other name behind, unless killed with SIGKILL.
 */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "host/file.h"

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };
static char unfinished[4096];	/* what a deadly signal removes; empty: nothing */

static void remove_unfinished(int number)
{
	if (unfinished[0])
		(void)unlink(unfinished);	/* there is nobody left to tell */
	(void)raise(number);			/* SA_RESETHAND: this time it ends us */
}

static int catch_signals(void)
{
	struct sigaction action = { .sa_handler = remove_unfinished,
				    .sa_flags = (int)SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		if (sigaction(deadly[i], &action, NULL))
			return fail_sys(errno, "cannot catch signals");
	return 0;
}

char *output_dir(const char *path)
{
	char *copy, *dir = NULL;

	if (!strcmp(path, "-"))
		return NULL;
	copy = strdup(path);
	if (copy)
		dir = strdup(dirname(copy));
	free(copy);
	return dir;
}

static int check_stdout(void)
{
	struct stat st;
	const char *input;

	if (!cli_has_stdout())
		return fail_sys(EBADF, "cannot write standard output");
	if (isatty(STDOUT_FILENO) == 1)
		return fail(EINVAL, "cannot write to a terminal: redirect standard output");
	if (fstat(STDOUT_FILENO, &st))
		return fail_sys(errno, "cannot write standard output");
	input = file_is_input(&st);
	return input ? fail(EINVAL, "cannot write standard output: it is %s, which is read; "
			    "redirect it to another file", input) : 0;
}

int output_check(const char *path)
{
	struct stat st;
	const char *input;

	if (!strcmp(path, "-"))
		return check_stdout();
	if (stat(path, &st))
		return errno == ENOENT ? 0 : fail_sys(errno, "cannot write %s", path);
	if (!S_ISREG(st.st_mode))
		return fail(EINVAL, "cannot write %s: it is there, and no regular file; use - and "
			    "redirect", path);
	input = file_is_input(&st);
	return input ? fail(EINVAL, "cannot write %s: it is %s, which is read; give the output "
			    "another name", path, input) : 0;
}

/* A signal that came between the file and the note of its name would leave it there: it waits. */
static int make_noted(struct output *out)
{
	sigset_t held, before;
	int error;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaddset(&held, deadly[i]);
	if (sigprocmask(SIG_BLOCK, &held, &before))
		return fail_sys(errno, "cannot hold signals back");
	out->fd = mkstemp(out->temp);
	error = errno;
	if (out->fd >= 0)
		memcpy(unfinished, out->temp, sizeof(unfinished));
	(void)sigprocmask(SIG_SETMASK, &before, NULL);	/* takes what was taken above */
	return out->fd < 0 ? fail_sys(error, "cannot write %s", out->path) : 0;
}

static int make_temp(struct output *out)
{
	int len = snprintf(out->temp, sizeof(out->temp), "%s.XXXXXX", out->path);
	mode_t mask = umask(0);
	int rc;

	umask(mask);
	if (len < 0 || (size_t)len >= sizeof(out->temp))
		return fail_sys(ENAMETOOLONG, "cannot write %s", out->path);
	rc = make_noted(out);
	if (rc)
		return rc;
	(void)fchmod(out->fd, 0666 & ~mask);	/* FAT, exFAT and CIFS may have modes of their own */
	return 0;
}

int output_open(const char *path, struct output *ret_output)
{
	struct output out = { .fd = STDOUT_FILENO, .path = path };
	int rc = output_check(path);

	if (!rc && strcmp(path, "-")) {
		rc = catch_signals();
		if (!rc)
			rc = make_temp(&out);
	}
	if (!rc)
		*ret_output = out;
	return rc;
}

static int write_output(void *ctx, const void *data, size_t len_bytes)
{
	const struct output *out = ctx;
	const char *name = out->temp[0] ? out->path : "standard output";
	int rc = sys_write(out->fd, data, len_bytes);

	return rc ? fail_sys(-rc, "cannot write %s", name) : 0;
}

struct cow_sink output_sink(struct output *output)
{
	return (struct cow_sink){ write_output, output };
}

int output_finish(struct output *output)
{
	int rc = 0;

	if (!output->temp[0])
		return 0;
	if (fsync(output->fd) || rename(output->temp, output->path))
		rc = fail_sys(errno, "cannot write %s", output->path);
	if (rc) {
		output_drop(output);
		return rc;
	}
	unfinished[0] = '\0';
	(void)close(output->fd);	/* its bytes are durable */
	output->fd = -1;
	return 0;
}

void output_drop(struct output *output)
{
	if (!output->temp[0])
		return;
	(void)close(output->fd);	/* it goes */
	(void)unlink(output->temp);	/* a failure is being told already */
	unfinished[0] = '\0';
}
