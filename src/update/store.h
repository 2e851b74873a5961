/* SPDX-License-Identifier: MIT */
/*
 * One volume's store as a device: /dev/mapper/NAME-store, linear over its extents or its piece of
 * `cow`.
 */
#ifndef COWBOOT_UPDATE_STORE_H
#define COWBOOT_UPDATE_STORE_H

#include "cow/check.h"
#include "map/table.h"
#include "update/world.h"

#define STORE_NAME_MAX 40

/* "NAME-store" */
void store_name(char buf[STORE_NAME_MAX], const char *volume);

/* Maps the store of the record's volume v; one that is mapped already is success. */
int store_map(const struct world *w, unsigned v, struct map_disk *ret_disk);
int store_unmap(const char *volume);

/*
 * Checks the mapped store of the record's volume v (I5): header, mark, count and every exception.
 * In trial the count must be the installed one, in merging at most that.
 */
int store_check(const struct world *w, unsigned v, struct cow_found *ret_found);

/* Reads a dev as a cow_source. source->ctx is dev, which must stay. */
struct cow_source store_source(struct dev *dev);

#endif
