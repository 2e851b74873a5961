/* SPDX-License-Identifier: MIT */
/* The person at the board, who has the command and two eyes. */
#ifndef SIM_PERSON_H
#define SIM_PERSON_H

#include "life.h"

#define KILLED 137 /* as the shell has it */

void person_begin(const struct policy *policy);

/* Does what is to be done in a system that has come up. Whether the board starts again after it. */
bool person_acts(void);

/* Whether all that is nobody's business is as it was. */
void person_looks(void);

/* life.c: runs the command; its exit code, or KILLED. */
int run_verb(enum verb verb);

#endif
