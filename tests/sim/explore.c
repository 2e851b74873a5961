/* SPDX-License-Identifier: MIT */
/* The search: depth first, each level with its own state, trace and walk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alike.h"
#include "search.h"
#include "visited.h"

#define PRINTED_MAX 8
#define QUIET_BOOTS_MAX 3

struct level *levels;
struct found found;
const char how_letters[] = "fFklL";
bool (*replay_branch)(unsigned n);

static const struct scenario *scenario;
static void (*print_line)(const char *line);
static struct limits limits;

static uint64_t key_from(uint64_t key, const struct ledger *at)
{
	uint64_t word[sizeof(*at) / 8];

	_Static_assert(sizeof(*at) % 8 == 0, "hashed in words");
	memcpy(word, at, sizeof(*at));
	for (unsigned i = 0; i < sizeof(*at) / 8; i++)
		key = mix64(key ^ mix64(word[i] + i + 1));
	return key;
}

/* Of what was gone through already. */
static uint64_t key_of(const struct disks *d, const struct ledger *at)
{
	return key_from(alike_hash(d), at);
}

static void failed(const struct level *last)
{
	char line[LEVELS_MAX * STEP_MAX + sizeof(violation_text) + sizeof(fault_name) + 128];
	int len;

	found.failures++;
	if (found.failures > PRINTED_MAX)
		return;
	len = snprintf(line, sizeof(line), "FAIL %s", scenario->name);
	for (const struct level *l = levels; l <= last; l++)
		if (l->step[0])
			len += snprintf(line + len, sizeof(line) - (size_t)len, "%c%s",
					strchr(line, ':') ? '/' : ':', l->step);
	snprintf(line + len, sizeof(line) - (size_t)len, " (life %u): %s", last->life,
		 violation_text);
	print_line(line);
}

void search_below(unsigned n, const struct disks *state, const struct ledger *at, unsigned cuts,
		  struct life_fault fault)
{
	struct level *below = &levels[n + 1];

	if (n + 1 == LEVELS_MAX)
		abort();
	disks_copy(&below->state, state);
	below->at = *at;
	below->cuts = cuts;
	below->fault = fault;
	search(n + 1);
}

/* Calls are made to fail in histories with few cuts before, and once. */
static bool may_fail(unsigned n, const struct ledger *at)
{
	return scenario->faults && !at->faults && n <= scenario->cuts_before_fault;
}

static bool may_lie(unsigned n, const struct ledger *at)
{
	return scenario->lies && !at->lied && n <= scenario->cuts_before_lie;
}

/*
 * What level n, being at that state, would still find out: more cuts than it was given before, or
 * its first failing calls.  Both are kept, each under a key of its own.
 */
static bool is_new(unsigned n, uint64_t key, unsigned cuts, const struct ledger *at, bool *ret_cuts,
		   bool *ret_faults)
{
	*ret_cuts = visited_get(key) <= cuts;
	*ret_faults = may_fail(n, at) && !visited_get(mix64(key + 2));
	return *ret_cuts || *ret_faults;
}

static bool take_cut(void *ctx, unsigned op, unsigned variant, const struct disks *state,
		     const struct ledger *at)
{
	unsigned n = *(const unsigned *)ctx;
	uint64_t key = key_of(state, at);
	struct level *l = &levels[n];
	bool cuts, faults;

	if (!is_new(n + 1, key, l->cuts - 1, at, &cuts, &faults) &&
	    !(may_lie(n + 1, at) && !visited_get(mix64(key + 3))))
		return true;
	if (!visited_get(key))
		found.states++;
	snprintf(levels[n + 1].step, STEP_MAX, "%uc%uv%u", l->life, op, variant);
	search_below(n, state, at, l->cuts - 1, (struct life_fault){ 0, FAULT_ONCE });
	return true;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Every flush in turn that could be a lie. */
static void each_lie(unsigned n)
{
	struct level *l = &levels[n];

	for (enum fault_how how = FAULT_LIES; how <= FAULT_LIES_ON; how++)
		for (unsigned call = 1; call <= l->lies && !(limits.first && found.failures); call++) {
			snprintf(levels[n + 1].step, STEP_MAX, "%u%c%u", l->life, how_letters[how],
				 call);
			search_below(n, &l->state, &l->at,
				     least(limits.cuts, scenario->cuts_after_lie),
				     (struct life_fault){ call, how });
		}
}

/* Every call in turn that the life made; it makes the same ones again, up to the one that fails. */
static void each_fault(unsigned n)
{
	struct level *l = &levels[n];
	bool went_on = false; /* not killed: what no command does goes on, and ends as it did */

	for (enum fault_how how = FAULT_ONCE; how <= FAULT_KILLS; how++)
		for (unsigned call = 1; call <= l->calls && !(limits.first && found.failures); call++) {
			if (how == FAULT_KILLS && !(l->killable[call / 8] >> call % 8 & 1)) {
				if (went_on) {
					found.faults++;
					continue;
				}
				went_on = true;
			}
			snprintf(levels[n + 1].step, STEP_MAX, "%u%c%u", l->life, how_letters[how],
				 call);
			search_below(n, &l->state, &l->at,
				     least(limits.cuts, scenario->cuts_after_fault),
				     (struct life_fault){ call, how });
		}
}

/* Whether this history goes on; a circle is an error, unless it is recovery that nobody can mend.
 */
static bool goes_on(unsigned n)
{
	struct level *l = &levels[n];
	const uint64_t exact = key_from(disks_hash(&l->state, l->state.durable.hash), &l->at);
	uint64_t key;

	for (unsigned i = 0; i < l->life; i++) {
		if (l->passed[i] != exact)
			continue;
		if (l->at.recoveries && (l->at.damaged || l->at.faults > 1))
			return false;
		snprintf(violation_text, sizeof(violation_text),
			 "I10: the board starts again for ever");
		failed(l);
		return false;
	}
	l->passed[l->life] = exact;
	l->cut_it = l->cuts > 0;
	l->fail_it = l->lie_it = false;
	if (replay_branch || l->fault.call)
		return true;
	key = key_of(&l->state, &l->at);
	l->lie_it = may_lie(n, &l->at) && !visited_get(mix64(key + 3));
	if (!is_new(n, key, l->cuts, &l->at, &l->cut_it, &l->fail_it) && !l->lie_it)
		return false;
	if (l->lie_it)
		visited_put(mix64(key + 3), 1);
	visited_put(key, l->cuts + 1);
	if (l->fail_it)
		visited_put(mix64(key + 2), 1);
	return true;
}

/*
 * At rest: one more boot finds the same and leaves it so.  What a failing call kept from being done
 * is done by the next boot, and then there is rest all the same.
 */
static void check_quiet(struct level *l)
{
	uint64_t key = mix64(key_of(&l->next, &l->next_at) + 1);
	unsigned boots = l->next_at.faults ? QUIET_BOOTS_MAX : 1;

	if (!replay_branch && visited_get(key))
		return;
	visited_put(key, 1);
	while (boots--) {
		disks_copy(&l->state, &l->next);
		l->at = l->next_at;
		say("\n==== at rest; once more ====");
		found.lives++;
		if (life_run(&l->state, &l->at, &scenario->policy, NULL, &l->trace) ==
		    LIFE_BROKEN) {
			failed(l);
			return;
		}
		if (!l->trace.writes)
			return;
		disks_copy(&l->next, &now);
		l->next_at = ledger;
	}
	snprintf(violation_text, sizeof(violation_text), "I11: a quiet boot wrote %u times",
		 l->trace.writes);
	failed(l);
}

static void branch(unsigned n)
{
	const struct cutting cutting = { plan->blocks, scenario->all_max };
	struct level *l = &levels[n];

	if (l->cut_it && l->cuts)
		crash_each(&l->crash, &l->trace, &cutting, take_cut, &n);
	if (l->fail_it)
		each_fault(n);
	if (l->lie_it)
		each_lie(n);
}

void search(unsigned n)
{
	struct level *l = &levels[n];

	for (l->life = 0; l->life < LIVES_MAX; l->life++) {
		enum life_end end;

		if ((limits.first && found.failures) || !goes_on(n))
			return;
		say("\n==== life %u ====", l->life);
		end = life_run(&l->state, &l->at, &scenario->policy, &l->fault, &l->trace);
		found.lives++;
		if (l->fault.call && !fault_fired) {
			snprintf(violation_text, sizeof(violation_text),
				 "the simulator's: this life never came to the call that should fail");
			failed(l);
			return;
		}
		found.faults += l->fault.call && l->fault.how < FAULT_LIES;
		found.lies += l->fault.call && l->fault.how >= FAULT_LIES;
		l->lies = lie_calls;
		l->calls = fault_calls;
		if (l->fail_it)
			fault_killable(l->killable);
		if (end == LIFE_BROKEN) {
			failed(l);
			return;
		}
		disks_copy(&l->next, &now);
		l->next_at = ledger;
		if (!replay_branch)
			branch(n);
		else if (replay_branch(n))
			return;
		if (l->life + 1 > found.longest)
			found.longest = l->life + 1;
		if (end == LIFE_RESTS) {
			check_quiet(l);
			return;
		}
		disks_copy(&l->state, &l->next);
		l->at = l->next_at;
		l->fault.call = 0;
	}
	snprintf(violation_text, sizeof(violation_text), "I10: %u boots and no rest", LIVES_MAX);
	failed(l);
}

bool search_begin(const struct scenario *s, unsigned damage, void (*print)(const char *line))
{
	struct level *top;

	if (!levels)
		levels = calloc(LEVELS_MAX, sizeof(*levels));
	if (!levels)
		abort();
	scenario = s;
	print_line = print;
	top = &levels[0];
	top->fault = (struct life_fault){ 0, FAULT_ONCE };
	top->cuts = s->cuts;
	top->step[0] = 0;
	top->life = 0;
	if (!scenario_begin(s, &top->state, &top->at)) {
		failed(top);
		return false;
	}
	damage_apply(s, damage, &top->state, &top->at);
	if (s->damage != DAMAGE_NONE)
		snprintf(top->step, sizeof(top->step), "d%u", damage);
	return true;
}

void explore(const struct scenario *s, const struct limits *with, void (*print)(const char *line),
	     struct found *ret_found)
{
	struct timespec from, to;

	limits = *with;
	replay_branch = NULL;
	memset(&found, 0, sizeof(found));
	visited_clear();
	alike_forget();
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned d = 0; d < damage_count(s); d++) {
		if (!search_begin(s, d, print))
			break;
		levels[0].cuts = least(limits.cuts, s->cuts);
		search(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	found.seconds =
		(double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	*ret_found = found;
}
