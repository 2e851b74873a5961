/* SPDX-License-Identifier: MIT */
/* One way alone, loudly: the search goes straight where its id says. */
#include <stdio.h>
#include <string.h>

#include "search.h"
#include "visited.h"

static const char *steps; /* what of the way is left */
static const struct scenario *scenario;
static bool lost;

static void step_on(int len)
{
	steps += steps[len] == '/' ? len + 1 : len;
}

struct want {
	unsigned op, variant, n;
	bool taken;
};

static bool take_cut(void *ctx, unsigned op, unsigned variant, const struct disks *state,
		     const struct ledger *at)
{
	struct want *want = ctx;
	const struct level *l = &levels[want->n];

	if (op != want->op || variant != want->variant)
		return true;
	want->taken = true;
	say("\n==== the power goes in life %u, at step %u: state %u ====", l->life, op, variant);
	snprintf(levels[want->n + 1].step, STEP_MAX, "%uc%uv%u", l->life, op, variant);
	search_below(want->n, state, at, 1, (struct life_fault){ 0, FAULT_ONCE });
	return false;
}

static bool replay_cut(unsigned n)
{
	const struct cutting cutting = { plan->blocks, scenario->all_max };
	struct want want = { .n = n };
	struct level *l = &levels[n];
	unsigned life;
	int len = 0;

	if (sscanf(steps, "%uc%uv%u%n", &life, &want.op, &want.variant, &len) != 3 ||
	    life != l->life)
		return false;
	step_on(len);
	crash_each(&l->crash, &l->trace, &cutting, take_cut, &want);
	if (!want.taken) {
		printf("there is no state %u at step %u of life %u\n", want.variant, want.op, life);
		lost = true;
	}
	return true;
}

static bool replay_fault(unsigned n)
{
	struct level *l = &levels[n];
	unsigned life, call;
	const char *letter;
	char how;
	int len = 0;

	if (sscanf(steps, "%u%c%u%n", &life, &how, &call, &len) != 3 || life != l->life ||
	    l->fault.call)
		return false;
	letter = strchr(how_letters, how);
	if (!letter || !*letter)
		return false;
	step_on(len);
	say("\n==== life %u again, with %c%u ====", life, how, call);
	snprintf(levels[n + 1].step, STEP_MAX, "%u%c%u", life, how, call);
	search_below(n, &l->state, &l->at, 1,
		     (struct life_fault){ call, (enum fault_how)(letter - how_letters) });
	return true;
}

static bool go(unsigned n)
{
	return replay_cut(n) || replay_fault(n);
}

static void print_line(const char *line)
{
	puts(line);
}

int explore_replay(const struct scenario *s, const char *way)
{
	unsigned damage = 0;
	int len = 0;

	steps = way;
	scenario = s;
	if (sscanf(steps, "d%u%n", &damage, &len) == 1)
		step_on(len);
	if (damage >= damage_count(s)) {
		printf("there is no damage %u\n", damage);
		return 2;
	}
	visited_clear();
	replay_branch = go;
	if (!search_begin(s, damage, print_line))
		return 1;
	if (s->damage != DAMAGE_NONE)
		printf("damage: %s\n", damage_name(s->damage, damage));
	verbose = true;
	search(0);
	if (*steps)
		printf("there is no such way: %s is left\n", steps);
	if (*steps || lost)
		return 2;
	puts(found.failures ? "it fails" : "it is good");
	return found.failures != 0;
}
