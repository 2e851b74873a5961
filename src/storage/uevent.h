/* SPDX-License-Identifier: MIT */
/* KEY=VALUE pieces of the kernel's uevents, from netlink or a uevent file in sysfs. Pure. */
#ifndef COWBOOT_STORAGE_UEVENT_H
#define COWBOOT_STORAGE_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies the value of key into buf. Pieces end with a newline (sysfs) or a zero byte (netlink).
 * False, and buf untouched, when there is no such key or its value does not fit.
 */
bool uevent_value(const char *text, size_t len_bytes, const char *key, char *buf,
		  size_t size_bytes);

/* Whether a netlink message says that a block device has come or changed. */
bool uevent_is_new_block(const char *msg, size_t len_bytes);

#endif
