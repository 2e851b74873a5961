/* SPDX-License-Identifier: MIT */
/*
 * The volumes and `data` as devices: what a plan's map means, for init and for recovery alike.
 * Everything is mounted through device-mapper, also when idle (I8).
 */
#ifndef COWBOOT_UPDATE_VOLUMES_H
#define COWBOOT_UPDATE_VOLUMES_H

#include "decide/decide.h"
#include "update/world.h"

/*
 * Maps every volume of the configuration as the plan says; read-only from above. Only for a plan
 * that decide() made of world_facts(w) in this boot (I5), and after what it persists is
 * durable (I1, I2). On failure nothing stays mapped.
 */
int volumes_map(const struct world *w, enum plan_map map);

/* Removes what is mapped; what cannot be is logged and stays. */
void volumes_unmap(const struct world *w);

/*
 * Maps data, for writing where its disk takes writes.  One that is mapped stays so even when its file
 * system is not mounted: stores lie on it.
 */
int volumes_map_data(const struct world *w);

/* Mounts it on dir; for reading only, and with a line that says so, where its disk takes no writes. */
int volumes_mount_data(const struct world *w, const char *dir);

/* Mounts /dev/mapper/NAME on dir, with m's options and more_flags; at the second try, if need be. */
int volumes_mount(const struct conf_mount *m, const char *dir, unsigned long more_flags);

#endif
