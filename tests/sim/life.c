/* SPDX-License-Identifier: MIT */
/* Running the shipped programs, each as if it were a process of its own. */
#include "life.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "person.h"

int init_main(int argc, char *argv[], char *envp[]);
int cli_main(int argc, char **argv);

const struct board_plan *plan;
char violation_text[512];
bool verbose;
unsigned lives_run;

static jmp_buf back;
static bool goes_again;

void say(const char *fmt, ...)
{
	va_list args;

	if (!verbose)
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void sim_leave(enum left how)
{
	longjmp(back, (int)how);
}

void violation(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(violation_text, sizeof(violation_text), fmt, args);
	va_end(args);
	sim_leave(LEFT_VIOLATION);
}

/* ---- The shipped programs ---- */

static void run_init(void)
{
	static char name[] = "init";
	char *argv[] = { name, NULL }, *envp[] = { NULL };

	fresh_program();
	saw_power_on();
	loader_run();
	init_main(1, argv, envp);
	violation("I10: PID 1 has ended");
}

/* A command that is killed does not come back to whoever would end the life. */
static int run_killable(int argc, char **argv)
{
	jmp_buf outer;
	volatile int code = KILLED;
	enum left how;

	memcpy(&outer, &back, sizeof(back));
	how = (enum left)setjmp(back);
	if (how == LEFT_NOT) {
		fault_in_verb(true);
		code = cli_main(argc, argv);
	}
	fault_in_verb(false);
	memcpy(&back, &outer, sizeof(back));
	if (how == LEFT_KILLED)
		dev_close_all();
	else if (how != LEFT_NOT)
		sim_leave(how);
	return code;
}

int run_verb(enum verb verb)
{
	static char name[] = "cowboot", bundle[] = "/bundle", wait[] = "--wait";
	static char again[] = "--reboot";
	char word[16], *argv[] = { name, word, NULL, NULL };
	unsigned before = plan->raw ? 0 : fs_files(), after;
	int code;

	snprintf(word, sizeof(word), "%s", verb_name(verb));
	if (verb == VERB_INSTALL || verb == VERB_OLDER)
		argv[2] = bundle;
	/* Whoever installs again, since nothing was confirmed, may as well take the older one. */
	bundle_is_older = plan->releases && (verb == VERB_OLDER || ledger.installs);
	if (verb == VERB_MERGE)
		argv[2] = wait;
	if (verb == VERB_RECOVERY)
		argv[2] = again;
	say("-- cowboot %s", word);
	fresh_program();
	saw_verb(verb);
	code = run_killable(argv[2] ? 3 : 2, argv);
	if (verbose)
		fflush(stdout);
	say("-- exit %d", code);
	after = plan->raw ? 0 : fs_files();
	if (code != KILLED)
		saw_answer(verb, code, after > before ? after - before : 0);
	return code;
}

static enum left guarded(void (*run)(void))
{
	enum left how = (enum left)setjmp(back);

	if (how == LEFT_NOT)
		run();
	return how;
}

static void run_person(void)
{
	goes_again = person_acts();
}

enum life_end life_run(const struct disks *start, const struct ledger *at,
		       const struct policy *policy, const struct life_fault *life_fault,
		       struct trace *trace)
{
	enum left how;

	goes_again = false;
	lives_run++;
	ledger = *at;
	trace_begin(NULL);
	disks_start(start);
	kernel_reset();
	sys_reset();
	dev_reset();
	person_begin(policy);
	trace_begin(trace);
	fault_plan(life_fault ? life_fault->call : 0, life_fault ? life_fault->how : FAULT_ONCE);
	how = guarded(run_init);
	if (how == LEFT_RECOVERY) {
		goes_again = true;
		how = guarded(person_recovers);
	}
	if (how == LEFT_REBOOT)
		goes_again = true;
	else if (how == LEFT_ENTERED)
		how = guarded(run_person);
	if (how != LEFT_VIOLATION && guarded(person_looks) == LEFT_VIOLATION)
		how = LEFT_VIOLATION;
	trace_begin(NULL);
	if (how == LEFT_VIOLATION)
		return LIFE_BROKEN;
	return goes_again ? LIFE_AGAIN : LIFE_RESTS;
}
