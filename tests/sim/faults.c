/* SPDX-License-Identifier: MIT */
/* Calls that fail: which one, what that excuses, and the command that is killed in the middle of
 * one. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

unsigned fault_calls;
bool fault_fired;
char fault_name[160];

static struct {
	unsigned call;
	enum fault_how how;
	enum fault_kind kind;
	bool in_verb;
} failing;
static bool copies_differ, record_is_zero;
static uint8_t killable[FAULT_CALLS_MAX / 8 + 1]; /* a bit for each call */

/* The record's two copies byte for byte, without a look at what they say. */
static void look_at_copies(void)
{
	const content *a = &view.at[disk_base[DISK_META]], *b = a + disk_size[DISK_META] / 2;

	copies_differ = memcmp(a, b, disk_size[DISK_META] / 2 * sizeof(*a)) != 0;
	record_is_zero = true;
	for (unsigned i = 0; i < disk_size[DISK_META] && record_is_zero; i++)
		record_is_zero = a[i] == CONTENT_ZERO;
}

void fault_plan(unsigned call, enum fault_how how)
{
	fault_calls = 0;
	killable[0] = 0;
	fault_fired = false;
	lie_plan(how >= FAULT_LIES ? call : 0, how == FAULT_LIES_ON);
	failing.call = how >= FAULT_LIES ? 0 : call;
	failing.how = how;
	failing.in_verb = false;
	look_at_copies();
}

void fault_killable(uint8_t ret_bits[FAULT_CALLS_MAX / 8 + 1])
{
	memcpy(ret_bits, killable, fault_calls / 8 + 1);
}

void fault_in_verb(bool in_verb)
{
	failing.in_verb = in_verb;
}

/*
 * Recovery may follow when the board cannot start without what failed: a missing device, the
 * origin's mapping.  Never from one fault of the record, and never in a trial, from which OLD is
 * the way out.
 */
static bool excuses(enum fault_kind kind)
{
	bool trial = ledger.armed && !ledger.may_be_confirmed && !ledger.may_be_refused &&
		     !ledger.may_be_dropped && ledger.boots <= plan->tries;

	if (kind == FAULT_MISSING || kind == FAULT_RAM)
		return true;
	if (kind == FAULT_ESP || kind == FAULT_STORE)
		return false;
	/*
	 * Of the record's two copies one may be torn by a cut, and the other is then all there is.
	 * And on a disk that was never written to, what cannot be read is not known to be empty
	 * (I4).
	 */
	if (kind == FAULT_META)
		return copies_differ || record_is_zero;
	return !trial;
}

/* Before the call is carried out; what the kernel and its page cache hold stays as it is. */
static bool kill_verb(enum fault_kind kind, const char *what, const char *object)
{
	fault_fired = true;
	if (!failing.in_verb || kind == FAULT_KERNEL)
		return false;
	say("!! killed before call %u: %s %s", fault_calls, what, object);
	snprintf(fault_name, sizeof(fault_name), "killed before: %s %s", what, object);
	sim_leave(LEFT_KILLED);
}

bool fault(enum fault_kind kind, const char *what, const char *object)
{
	bool first;

	if (++fault_calls > FAULT_CALLS_MAX)
		violation("I10: a loop without end");
	if (fault_calls % 8 == 0)
		killable[fault_calls / 8] = 0;
	if (failing.in_verb && kind != FAULT_KERNEL)
		killable[fault_calls / 8] |= (uint8_t)(1u << fault_calls % 8);
	first = fault_calls == failing.call;
	if (!first && !(failing.how == FAULT_ALWAYS && fault_fired && kind == failing.kind))
		return false;
	if (failing.how == FAULT_KILLS)
		return kill_verb(kind, what, object);
	say("!! call %u fails: %s %s", fault_calls, what, object);
	if (first) {
		failing.kind = kind;
		fault_fired = true;
		snprintf(fault_name, sizeof(fault_name), "%s %s", what, object);
		saw_fault(failing.how == FAULT_ALWAYS ? 2 : 1, excuses(kind));
	}
	return true;
}
