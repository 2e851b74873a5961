/* SPDX-License-Identifier: MIT */
/*
 * Each run of a shipped program finds its static data fresh.  It lies in sections of its own
 * (shipped.ld).
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "person.h"

extern char __start_shipped_data[], __stop_shipped_data[];
extern char __start_shipped_bss[], __stop_shipped_bss[];

#define PAGE 4096u
#define PAGES_MAX 4096u
#define RUNS_KEPT 4096u

static char *zeros; /* those of its pages that nobody has touched cannot be touched unseen */
static size_t zero_pages, touched_count;
static uint16_t touched[PAGES_MAX];

static void see_touch(int number, siginfo_t *info, void *context)
{
	const size_t page = ((uintptr_t)info->si_addr - (uintptr_t)zeros) / PAGE;

	(void)context;
	if (page >= zero_pages || mprotect(zeros + page * PAGE, PAGE, PROT_READ | PROT_WRITE) < 0)
		signal(number, SIG_DFL); /* it is made again, and ends the program */
	else
		touched[touched_count++] = (uint16_t)page;
}

static bool hide(void)
{
	const struct sigaction see = { .sa_sigaction = see_touch, .sa_flags = SA_SIGINFO };

	touched_count = 0;
	return madvise(zeros, zero_pages * PAGE, MADV_DONTNEED) == 0 &&
	       mprotect(zeros, zero_pages * PAGE, PROT_NONE) == 0 &&
	       sigaction(SIGSEGV, &see, NULL) == 0;
}

/*
 * Of the eight megabytes a run touches a dozen pages, mostly the same ones as the run before: only
 * those that were touched are zeroed. Now and then all are forgotten, that no rare one be zeroed
 * for ever.
 */
static void zero(char *start, char *stop)
{
	static unsigned runs;

	zeros = (char *)(((uintptr_t)start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
	zero_pages = (size_t)(stop - zeros) / PAGE;
	memset(start, 0, (size_t)(zeros - start));
	memset(zeros + zero_pages * PAGE, 0, (size_t)(stop - zeros) % PAGE);
	for (size_t i = 0; i < touched_count; i++)
		memset(zeros + touched[i] * PAGE, 0, PAGE);
	if (runs++ % RUNS_KEPT == 0 && (zero_pages > PAGES_MAX || !hide())) {
		fprintf(stderr, "sim: cannot see which pages a run touches\n");
		abort();
	}
}

void fresh_program(void)
{
	static char first[65536];
	static bool kept;
	size_t size_bytes = (size_t)(__stop_shipped_data - __start_shipped_data);

	if (!kept && size_bytes <= sizeof(first)) {
		memcpy(first, __start_shipped_data, size_bytes);
		kept = true;
	}
	memcpy(__start_shipped_data, first, size_bytes);
	zero(__start_shipped_bss, __stop_shipped_bss);
}
