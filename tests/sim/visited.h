/* SPDX-License-Identifier: MIT */
/* The states that were gone through, each with how many more cuts it was given then, plus one. */
#ifndef SIM_VISITED_H
#define SIM_VISITED_H

#include <stdint.h>

void visited_clear(void);
unsigned visited_get(uint64_t key); /* 0: never seen */
void visited_put(uint64_t key, unsigned value); /* 1 to 7; never less than it was */

#endif
