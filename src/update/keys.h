/* SPDX-License-Identifier: MIT */
/*
 * Whose signatures this board takes: its configuration, and the public keys of the system that runs, or
 * where that has none, of the initramfs.  Both come with the system and the kernel, which bundles bring;
 * so a signed update brings the next set of keys, and an update that is given up takes it back.
 */
#ifndef COWBOOT_UPDATE_KEYS_H
#define COWBOOT_UPDATE_KEYS_H

#include "bundle/reader.h"
#include "conf/conf.h"

#define KEYS_DIR "/etc/cowboot/keys"		/* of the system, or in recovery of the initramfs */
#define KEYS_RUN_DIR "/run/cowboot/keys"	/* those of the initramfs, which init has put there */

/*
 * Reads every *.pub of the first of these folders that has one.  -EKEYREJECTED: there are fewer keys than
 * signatures are needed; -EBADMSG: one is none.  The line says what to do.
 */
int keys_load(const struct conf *conf, struct trust *ret_trust);

/*
 * Adds every *.pub of the folder dir.  One that is not there has no keys; one that cannot be read, or has a
 * *.pub that is no key, is a failure.
 */
int keys_read(const char *dir, struct trust *trust);

/* Tells who has signed, a line each with what they say of it. */
void keys_tell(const struct trust *trust, const char *signatures, size_t len_bytes,
	       const uint8_t hash[MINISIGN_HASH_BYTES]);

#endif
