/* SPDX-License-Identifier: MIT */
/*
 * The simulator's command: all scenarios or some, on as many processes as asked for, or one id
 *alone.
 *
 *	sim [--jobs N] [--cuts N] [--first] [--list] [NAME…]
 *	sim --replay ID
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crc.h"
#include "explore.h"
#include "print.h"

#define JOBS_MAX 16
#define WANTED_MAX 64

struct shared {
	unsigned next; /* scenario that nobody has taken yet */
	struct found found[256];
	bool done[256];
};

static struct shared *shared;
static FILE *out;
static const char *wanted[WANTED_MAX];
static unsigned wanted_count;
static struct limits limits = { .cuts = 99 };

static void print_line(const char *line)
{
	fprintf(out, "%s\n", line);
	fflush(out);
}

static bool is_wanted(const struct scenario *s)
{
	if (!wanted_count)
		return true;
	for (unsigned i = 0; i < wanted_count; i++)
		if (!strcmp(wanted[i], s->name))
			return true;
	return false;
}

static void work(void)
{
	unsigned taken;

	/* From the last on: the long ones stand there, and short ones fill the end. */
	while ((taken = __atomic_fetch_add(&shared->next, 1, __ATOMIC_SEQ_CST)) < scenario_count) {
		unsigned i = scenario_count - 1 - taken;
		struct found *f = &shared->found[i];

		if (!is_wanted(&scenarios[i]))
			continue;
		explore(&scenarios[i], &limits, print_line, f);
		shared->done[i] = true;
		fprintf(out, "%-20s %9llu states %9llu lives %6llu faults %3u long %7.1f s  %s\n",
			scenarios[i].name, (unsigned long long)f->states,
			(unsigned long long)f->lives, (unsigned long long)f->faults, f->longest,
			f->seconds, f->failures ? "FAILED" : "good");
		fflush(out);
	}
}

/* The shipped programs' own words go nowhere; they are not what is tested. */
static void hush(void)
{
	out = fdopen(dup(STDOUT_FILENO), "w");
	if (!out || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) {
		perror("sim: cannot redirect output");
		exit(1);
	}
	setvbuf(stderr, NULL, _IOFBF, 65536);
}

static int run_all(unsigned jobs)
{
	uint64_t states = 0, lives = 0, faults = 0, lies = 0;
	unsigned passed = 0, failed = 0, broken = 0;
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		perror("sim: no memory");
		return 1;
	}
	for (unsigned j = 0; j < jobs; j++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("sim: cannot fork");
			return 1;
		}
		if (pid == 0) {
			hush();
			work();
			_exit(0);
		}
	}
	for (unsigned j = 0; j < jobs; j++)
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			broken++;
	for (unsigned i = 0; i < scenario_count; i++) {
		if (!is_wanted(&scenarios[i]))
			continue;
		states += shared->found[i].states;
		lives += shared->found[i].lives;
		faults += shared->found[i].faults;
		lies += shared->found[i].lies;
		if (shared->done[i] && !shared->found[i].failures)
			passed++;
		else
			failed++;
	}
	printf("%llu distinct crash states, %llu failing calls, %llu flushes that were lies, %llu lives\n",
	       (unsigned long long)states, (unsigned long long)faults, (unsigned long long)lies,
	       (unsigned long long)lives);
	if (broken)
		printf("%u of the simulator's own processes ended badly\n", broken);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || broken || !passed;
}

static const struct scenario *by_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < scenario_count; i++)
		if (strlen(scenarios[i].name) == len && !strncmp(scenarios[i].name, name, len))
			return &scenarios[i];
	fprintf(stderr, "sim: there is no scenario %.*s\n", (int)len, name);
	exit(64);
}

static int replay(const char *id)
{
	const char *colon = strchr(id, ':');
	size_t len = colon ? (size_t)(colon - id) : strlen(id);

	return explore_replay(by_name(id, len), colon ? colon + 1 : "");
}

int main(int argc, char **argv)
{
	unsigned jobs = 1;

	/* Its blake2b is the one for this processor then; src/bundle/digest.c says why a board does without. */
	if (sodium_init() < 0)
		return 1;
	crc_check();
	print_check();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list")) {
			for (unsigned s = 0; s < scenario_count; s++)
				puts(scenarios[s].name);
			return 0;
		} else if (!strcmp(argv[i], "--replay") && i + 1 < argc) {
			return replay(argv[i + 1]);
		} else if (!strcmp(argv[i], "--jobs") && i + 1 < argc) {
			jobs = (unsigned)atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--cuts") && i + 1 < argc) {
			limits.cuts = (unsigned)atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--first")) {
			limits.first = true;
		} else if (wanted_count < WANTED_MAX) {
			wanted[wanted_count++] = by_name(argv[i], strlen(argv[i]))->name;
		}
	}
	if (jobs < 1 || jobs > JOBS_MAX) {
		fprintf(stderr, "sim: 1 to %d jobs\n", JOBS_MAX);
		return 64;
	}
	return run_all(jobs);
}
