/* SPDX-License-Identifier: MIT */
/*
 * Single fields of the configuration, the same from the file and from the kernel command line.
 * Each takes one word, and on -EINVAL leaves "cannot use WORD: REASON" in base/fail.h and its
 * output as it was.
 */
#ifndef COWBOOT_CONF_FIELDS_H
#define COWBOOT_CONF_FIELDS_H

#include "conf/conf.h"

#define CONF_TRIES_MAX 100
#define CONF_RECOVERY_WAIT_MAX_S 3600
#define CONF_RECOVERY_REBOOTS_MAX 100
#define CONF_RECOVERY_AFTER_MAX 1000
#define CONF_DEVICE_TIMEOUT_MAX_S 3600
#define CONF_WATCHDOG_MIN_S 10		/* less, and a slow module or mount is a reset */
#define CONF_WATCHDOG_MAX_S 3600
#define CONF_WATCHDOG_AUTO "/dev/watchdog"
#define CONF_CHECK_TIMEOUT_MAX_S 86400
#define CONF_PANIC_MAX_S 86400
#define CONF_VERIFY_RATE_MAX_MIB 100000
#define CONF_SIGNATURES_MAX 16
#define CONF_KEEP_MAX_DAYS 36500

int field_spec(char buf[CONF_SPEC_MAX], const char *word);

/* An absolute path without "//", "." or "..", and without a slash at its end. */
int field_path(char buf[CONF_PATH_MAX], const char *word);

int field_fstype(char buf[16], const char *word);

/* Names below /dev/mapper that are not free: libdevmapper's own node, data, and NAME-store. */
int field_volume_name(const char *name);

/* Mount options as they are. */
int field_options(char buf[CONF_OPTIONS_MAX], const char *word);

/* Mount options of a volume: rw is refused, ro put in front where it is missing. */
int field_volume_options(char buf[CONF_OPTIONS_MAX], const char *word);

/* A number from min to max. */
int field_number(unsigned *ret_value, const char *word, unsigned min, unsigned max);

/* yes, no, must, or a number of days; all but that make it 0. */
int field_keep(enum conf_keep *ret_keep, unsigned *ret_days, const char *word);

/* off (an empty path), auto (CONF_WATCHDOG_AUTO) or a path in /dev. */
int field_watchdog(char buf[CONF_PATH_MAX], const char *word);

/* yes or no. */
int field_choice(bool *ret_yes, const char *word, const char *yes, const char *no);
int field_yes(bool *ret_yes, const char *word);
int field_no(bool *ret_no, const char *word);

/* argon2's string, as `cowboot recovery --hash` prints it. */
int field_password(char buf[CONF_PASSWORD_MAX], const char *word);

int field_giveup(enum conf_giveup *ret_recovery, const char *word);
const char *field_giveup_name(enum conf_giveup recovery);

/* Whether a comma separated list has exactly this option. */
bool field_has_option(const char *options, const char *option);

#endif
