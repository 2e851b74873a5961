/* SPDX-License-Identifier: MIT */
/* The person at the board, who has the command and two eyes. */
#ifndef SIM_PERSON_H
#define SIM_PERSON_H

#include "life.h"

#define KILLED 137 /* as the shell has it */

void person_begin(const struct policy *policy);

/* Does what is to be done in a system that has come up. Whether the board starts again after it. */
bool person_acts(void);

/* Whether something is to be done in recovery; does it, and starts the board again. */
bool person_has_a_plan(void);
void person_recovers(void);

/* recover.c: what the menu of recovery does, without the talking. */
void recover_merge(void);
void recover_image(void);
void recover_turn_back(void);

/* Whether all that is nobody's business is as it was. */
void person_looks(void);

/* life.c: as if a program had just been started. */
void fresh_program(void);

/* life.c: runs the command; its exit code, or KILLED. */
int run_verb(enum verb verb);

#endif
