/* SPDX-License-Identifier: MIT */
/*
 * A program on every console.  Must never wait without looking again, nor start anything more often
 * than RESTARTS_MAX times (I10).  The first process reaps here whatever is left to it.
 */
#include "recovery/consoles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"

#define ACTIVE_FILE "/sys/class/tty/console/active"
#define SCREEN_DIR "/sys/class/graphics/fb0"
#define RESTARTS_MAX 5
#define RESTART_PAUSE_MS 1000
#define POLL_MS 200
#define END_POLLS 25
#define EXIT_NO_CONSOLE 126
#define EXIT_NO_PROGRAM 127

struct console {
	char name[CONSOLE_NAME_MAX];
	pid_t pid;		/* 0: nothing runs there */
	unsigned restarts;
	uint64_t again_ms;	/* when to start it again; 0: never */
};

static struct console consoles[CONSOLES_MAX];
static unsigned console_count;

static void add_name(const char *name, size_t len, char names[CONSOLES_MAX][CONSOLE_NAME_MAX],
		     unsigned *count)
{
	if (len == 4 && memcmp(name, "tty0", len) == 0)
		name = "tty1"; /* tty0 is whichever of them is shown */
	if (!len || len >= CONSOLE_NAME_MAX || *count == CONSOLES_MAX)
		return;
	for (unsigned i = 0; i < *count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return;
	memcpy(names[*count], name, len);
	names[(*count)++][len] = 0;
}

unsigned consoles_parse(const char *active, bool screen,
			char ret_names[CONSOLES_MAX][CONSOLE_NAME_MAX])
{
	unsigned count = 0;

	while (*active) {
		size_t len = strcspn(active, " \n");

		add_name(active, len, ret_names, &count);
		active += len + (active[len] != 0);
	}
	if (screen)
		add_name("tty1", 4, ret_names, &count);
	if (!count)
		add_name("console", strlen("console"), ret_names, &count);
	return count;
}

static void find_consoles(void)
{
	char active[256] = "", names[CONSOLES_MAX][CONSOLE_NAME_MAX];

	/* Without a word from the kernel there still is /dev/console. */
	if (sys_read_file(ACTIVE_FILE, active, sizeof(active), NULL) < 0)
		active[0] = 0;
	console_count = consoles_parse(active, sys_is_dir(SCREEN_DIR), names);
	memset(consoles, 0, sizeof(consoles));
	for (unsigned i = 0; i < console_count; i++)
		memcpy(consoles[i].name, names[i], sizeof(names[i]));
}

/* Whatever ran there before may have left the terminal in a state in which no line can be read. */
static void make_sane(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return;
	t.c_iflag = (t.c_iflag & ~(tcflag_t)(INLCR | IGNCR)) | ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_cflag |= CREAD | CLOCAL;
	t.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ISIG | IEXTEN;
	tcsetattr(fd, TCSANOW, &t);
}

/* Returns the terminal as descriptors 0 to 2 of this session, or a negative errno. */
static int take_terminal(const char *name)
{
	char path[CONSOLE_NAME_MAX + 8];
	int fd, flags;

	snprintf(path, sizeof(path), "/dev/%s", name);
	/* A port without a carrier would let us wait for one. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	make_sane(fd);
	/* A controlling terminal, so that Ctrl-C reaches the command; a console may refuse. */
	ioctl(fd, TIOCSCTTY, 1);
	for (int want = 0; want <= 2; want++)
		if (dup2(fd, want) < 0)
			return -errno;
	if (fd > 2)
		close(fd);
	return 0;
}

static void run_child(const struct console *c, const struct consoles_job *job)
{
	char console[CONSOLE_NAME_MAX + 16], prompt[64], path[64];
	char *const envp[] = { "PATH=/bin:/sbin", "HOME=/", "TERM=linux", prompt, console, NULL };

	snprintf(prompt, sizeof(prompt), "PS1=%s%srecovery# ", job->board,
		 job->board[0] ? " " : "");
	snprintf(console, sizeof(console), "CONSOLE=%s", c->name);
	setsid();
	if (take_terminal(c->name) < 0)
		_exit(EXIT_NO_CONSOLE);
	/* A console that takes no text has nobody who could be told. */
	if (job->text && write(1, job->text, strlen(job->text)) < 0)
		_exit(EXIT_NO_CONSOLE);
	snprintf(path, sizeof(path), "/bin/%s", job->argv[0]);
	sys_exec(path, job->argv, envp);
	_exit(EXIT_NO_PROGRAM);
}

static void start(struct console *c, const struct consoles_job *job)
{
	pid_t pid = fork();

	c->again_ms = 0;
	if (pid == 0)
		run_child(c, job);
	if (pid < 0)
		log_error("recovery: cannot start %s on %s: %s", job->argv[0], c->name,
			  strerror(errno));
	else
		c->pid = pid;
}

/* What the end of a console's process means: an answer, or a negative number to go on. */
static int ended(struct console *c, const struct consoles_job *job, int status)
{
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	c->pid = 0;
	if (code == EXIT_NO_CONSOLE || code == EXIT_NO_PROGRAM) {
		log_error("recovery: cannot run %s on %s", job->argv[0],
			  c->name);
		return -1;
	}
	if (code >= job->verdict_min)
		return code;
	if (c->restarts++ < RESTARTS_MAX)
		c->again_ms = sys_now_ms() + RESTART_PAUSE_MS;
	log_error("recovery: %s on %s ended with %s %d%s", job->argv[0], c->name,
		  code < 0 ? "signal" : "code", code < 0 ? WTERMSIG(status) : code,
		  c->again_ms ? "" : ", too often");
	return -1;
}

/* Reaps all there is; the first answer, or -1. */
static int reap(const struct consoles_job *job)
{
	int status, answer = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < console_count; i++)
			if (consoles[i].pid == pid) {
				int code = ended(&consoles[i], job, status);

				answer = answer < 0 ? code : answer;
			}
	return answer;
}

/* Starts again what is due; whether anything runs or will. */
static bool keep_up(const struct consoles_job *job)
{
	bool any = false;

	for (unsigned i = 0; i < console_count; i++) {
		struct console *c = &consoles[i];

		if (c->again_ms && sys_now_ms() >= c->again_ms)
			start(c, job);
		any |= c->pid || c->again_ms;
	}
	return any;
}

int consoles_run(const struct consoles_job *job)
{
	find_consoles();
	for (unsigned i = 0; i < console_count; i++)
		start(&consoles[i], job);
	/* A person may take any time; all else has its bound in restarts. */
	while (keep_up(job)) {
		int answer = reap(job);

		if (answer >= 0) {
			consoles_end_all();
			return answer;
		}
		if (job->tick)
			job->tick();
		sys_sleep_ms(POLL_MS);
	}
	return -ENOEXEC;
}

void consoles_end_all(void)
{
	kill(-1, SIGKILL);
	for (unsigned i = 0; i < END_POLLS; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		sys_sleep_ms(POLL_MS);
	}
}
