/* SPDX-License-Identifier: MIT */
/* The plan's words. Pure, and for printing only: nothing is ever decided by them. */
#include "decide/plan.h"

const char *persist_name(enum plan_persist persist)
{
	switch (persist) {
	case PERSIST_NOTHING:
		return "nothing";
	case PERSIST_DROP:
		return "drop";
	case PERSIST_SPEND:
		return "spend";
	case PERSIST_REVERT:
		return "revert";
	case PERSIST_FINISH:
		return "finish";
	case PERSIST_MEND:
		return "mend";
	case PERSIST_SLOT:
		return "slot";
	case PERSIST_ASK:
		return "ask";
	case PERSIST_TALLY:
		return "count";
	case PERSIST_BACK:
		return "back";
	case PERSIST_COUNT:
		break;
	}
	return "unknown";
}

const char *map_name(enum plan_map map)
{
	switch (map) {
	case MAP_NOTHING:
		return "nothing";
	case MAP_LINEAR:
		return "linear";
	case MAP_SNAPSHOT:
		return "snapshot";
	case MAP_MERGE:
		return "merge";
	case PLAN_MAP_COUNT:
		break;
	}
	return "unknown";
}

const char *then_name(enum plan_then then)
{
	switch (then) {
	case THEN_BOOT:
		return "boot";
	case THEN_REBOOT:
		return "reboot";
	case THEN_RECOVERY:
		return "recovery";
	case PLAN_THEN_COUNT:
		break;
	}
	return "unknown";
}
