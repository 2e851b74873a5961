/* SPDX-License-Identifier: MIT */
/*
 * Files on a mounted ESP (FAT, which has no journal), changed.  What each of these makes durable,
 * and when, is what loader/esp.c builds on.  esp_fd is the root of the ESP (sys_mount_apart); paths
 * go on from there.  Failures leave a line in base/fail.h.
 */
#ifndef COWBOOT_LOADER_ESPFILE_H
#define COWBOOT_LOADER_ESPFILE_H

#include <stddef.h>
#include <stdint.h>

#define ESPFILE_ENTRIES "loader/entries"

/*
 * Makes path, which must not be there: with a blank at key_at, durably, then with what belongs there,
 * durably.  So who finds that one byte in it finds a file that is all on the medium, and has its
 * text whole, wherever a call has failed or was cut off.
 */
int espfile_make(int esp_fd, const char *path, const char *text, size_t key_at);

/* Puts the blank there, in place, durably. */
int espfile_blank(int esp_fd, const char *path, size_t key_at);

/* Removes a file, not yet durably; none there is success. */
int espfile_unlink(int esp_fd, const char *path);

/* Makes durable what was done to the ESP. */
int espfile_flush(int esp_fd);

/* Makes an empty file of that size, in place of one that is there; dev_open opens it then. */
int espfile_create(int esp_fd, const char *path, uint64_t size_bytes);

#endif
