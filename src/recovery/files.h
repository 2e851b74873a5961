/* SPDX-License-Identifier: MIT */
/* The files at the top of a stick, in an order in which the one that is meant comes early. */
#ifndef COWBOOT_RECOVERY_FILES_H
#define COWBOOT_RECOVERY_FILES_H

#include <stdbool.h>

#define FILES_SHOWN_MAX 40
#define FILES_NAME_MAX 256

enum files_kind {
	FILES_BUNDLE,		/* *.bundle alone, where there is one */
	FILES_IMAGE,		/* what is called as an image first, then all others */
};

struct files {
	unsigned count;		/* in name[], by rank and then by name */
	unsigned more;		/* files that found no place there, and come behind them all */
	char name[FILES_SHOWN_MAX][FILES_NAME_MAX];
};

/* Pure. How far in front a name belongs, 0 first; upper and lower case are the same. */
unsigned files_rank(enum files_kind kind, const char *name);

/* Fills ret_files; what cannot be read of a folder is not in it. */
void files_list(const char *dir, enum files_kind kind, struct files *ret_files);

/* Whether there is a file of that name at the top of dir. */
bool files_has(const char *dir, const char *name);

#endif
