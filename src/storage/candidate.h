/* SPDX-License-Identifier: MIT */
/*
 * One block device as /sys shows it at this moment, while scan.c looks whether it is the one.  A
 * device can go while it is looked at: what cannot be read is then not there.
 */
#ifndef COWBOOT_STORAGE_CANDIDATE_H
#define COWBOOT_STORAGE_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "storage/find.h"
#include "storage/gpt.h"

#define CANDIDATE_UEVENT_BYTES 2048

struct candidate {
	const char *sysfs_dir, *dev_dir;	/* "/sys" and "/dev"; in tests, other folders */
	const char *name;			/* the kernel's: "vda3" */
	size_t len_bytes;
	char uevent[CANDIDATE_UEVENT_BYTES];
};

/* Reads the uevent of c->name. */
int candidate_read(struct candidate *c);

/* A value of the uevent; false: there is none. */
bool candidate_value(const struct candidate *c, const char *key, char *buf, size_t size_bytes);
bool candidate_number(const struct candidate *c, const char *key, unsigned *ret_value);

bool candidate_is_partition(const struct candidate *c);

/* What the kernel does not say of a partition stands in the table of its disk. */
int candidate_table(const struct candidate *c, struct gpt_entry *ret_entry);

/*
 * All that is known of it.  Its ids come from the table; where that cannot be read, PARTUUID from the
 * kernel, and else they are zeros: no reason to pass over a partition.
 */
int candidate_part(const struct candidate *c, struct part *ret_part);

#endif
