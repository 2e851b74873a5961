/* SPDX-License-Identifier: MIT */
/* What is known of what went wrong: the kernel's log, init's lines in it, the last panic. */
#ifndef COWBOOT_RECOVERY_LOGS_H
#define COWBOOT_RECOVERY_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGS_BYTES_MAX (1024u * 1024)
#define LOGS_PSTORE_DIR "/sys/fs/pstore"

/* The kernel's log into buf, ended with a zero byte. */
int logs_kernel(char *buf, size_t size_bytes, size_t *ret_len_bytes);

/* Pure. Keeps the lines of text that hold word, in place; returns the length. */
size_t logs_keep(char *text, const char *word);

/* Mounts pstore where the kernel has one; whether it holds anything of an earlier boot. */
bool logs_pstore(void);

/* The last panic's text into buf: pstore's files, one after another. -ENOENT: there is none. */
int logs_panic(char *buf, size_t size_bytes, size_t *ret_len_bytes);

/*
 * Makes a new folder in dir and writes all of it there, each file durably; more is text of the
 * caller's, for the file "status.txt". ret_name is the folder's.
 */
int logs_save(const char *dir, const char *board, const char *more, char *ret_name,
	      size_t size_bytes);

#endif
