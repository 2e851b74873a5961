/* SPDX-License-Identifier: MIT */
#ifndef SIM_ALIKE_H
#define SIM_ALIKE_H

#include "disk.h"

/* Equal for disks that are equal, and for those that no program can tell apart. */
uint64_t alike_hash(const struct disks *d);

/* Between two scenarios: numbers of contents mean something else then. */
void alike_forget(void);

#endif
