/* SPDX-License-Identifier: MIT */
/* The password of recovery: argon2id by libsodium, its string in the configuration. */
#ifndef COWBOOT_RECOVERY_PASSWORD_H
#define COWBOOT_RECOVERY_PASSWORD_H

#include <stdbool.h>

#include "conf/conf.h"

/* Whether the password is the one that hash was made of. Takes some seconds and 16 MiB. */
bool password_opens(const char *hash, const char *password);

/* A string for `recovery-password`, with a salt of its own. */
int password_hash(const char *password, char ret_hash[CONF_PASSWORD_MAX]);

#endif
