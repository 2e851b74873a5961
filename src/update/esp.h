/* SPDX-License-Identifier: MIT */
/*
 * The boot slots of a UEFI board with systemd-boot: entries on the ESP, counted in their names
 * (docs/formats.md, "Boot entries").  Told in the words of the boot block, so that update/slots.c
 * knows one kind of loader only.
 */
#ifndef COWBOOT_UPDATE_ESP_H
#define COWBOOT_UPDATE_ESP_H

#include "update/world.h"

#define ESP_PATH_MAX 256

/*
 * Reads the entries.  Good when one slot's is without a counter; not alike when there is anything
 * that esp_save would clear away.  What cannot be mounted or read is damaged.
 */
void esp_load(const struct world *w, struct bootblocks *ret_blocks);

/* Makes the entries say block. A cut leaves the old entries, or such as lead to one of the two. */
int esp_save(const struct world *w, const struct bootblock *block, struct bootblocks *blocks);

/*
 * Mounts the ESP and makes a file of that size for a slot's kernel; its path is in ret_path, and the
 * ESP stays mounted until esp_leave.  What the slot held is gone.
 */
int esp_begin_kernel(const struct world *w, char slot, uint64_t size_bytes,
		     char ret_path[ESP_PATH_MAX]);
void esp_leave(void);

#endif
