/* SPDX-License-Identifier: MIT */
/* S: the rules for boards with boot slots, of either kind. Includes nothing of src/. */
#include "oracle.h"

/* Each may take back all tries that the boot loader counted and nobody flushed. */
#define CUTS_MAX 4

static enum kernel running; /* in this life */
static uint8_t loads_at_start;

/*
 * S, the slots: only whole kernels are started, the new one never without an update nor after it
 * was given up, and not for ever while it is on trial.
 */
void saw_kernel(enum kernel kernel)
{
	if (ledger.back && (kernel == KERNEL_OLD || kernel == KERNEL_NEW))
		kernel = kernel == KERNEL_OLD ? KERNEL_NEW : KERNEL_OLD;
	running = kernel;
	loads_at_start = ledger.loads;
	if (kernel == KERNEL_TORN)
		violation("S: half a kernel was started");
	if (kernel == KERNEL_OLDER && !ledger.block_lost)
		violation("S: the kernel of a system that is gone was started");
	if (kernel != KERNEL_NEW || ledger.may_be_confirmed)
		return;
	if (!ledger.may_be_armed)
		violation("S: the new kernel was started though nothing was installed");
	if (!ledger.faults && (ledger.refused || ledger.dropped || ledger.reverted))
		violation("S: the new kernel was started after it was given up");
	if (ledger.faults || oracle_decided())
		return;
	if (++ledger.kernel_starts > rules.tries * (CUTS_MAX + 1))
		violation("S: start %u of the new kernel, with %u tries", ledger.kernel_starts,
			  rules.tries);
	oracle_note();
}

/* I9: an install that was cut has not changed which kernel starts. */
void saw_reboot(void)
{
	if (rules.slots && running == KERNEL_NEW && !ledger.armed && !oracle_decided() && !ledger.faults &&
	    !ledger.damaged && ledger.loads == loads_at_start && ledger.loads < rules.tries)
		violation("I9: the new kernel was started for an install that was not finished");
}

/*
 * S: each system under its own kernel.  Only a merge goes on under whichever there is, and that
 * once: the boot loader is told.  A fault may keep it from being told.
 */
void oracle_kernel(bool new)
{
	if (!rules.slots || ledger.faults || running == (new ? KERNEL_NEW : KERNEL_OLD))
		return;
	if (!new)
		violation("S: the old system came up under another kernel");
	if (!ledger.may_be_confirmed)
		violation("S: the new system came up under the old kernel");
	if (++ledger.odd_roots > 1)
		violation("S: the confirmed system came up under the old kernel once more");
	oracle_note();
}

/* S: the confirmed system's entry, and nothing that a loader may one day prefer to it. */
void saw_entries_at_rest(unsigned names, bool own_room)
{
	if (ledger.faults)
		return;
	if (names != 1)
		violation("S: at rest with %u boot entries", names);
	if (!own_room)
		violation("S: at rest, and the next file can be written over the boot entry");
}
