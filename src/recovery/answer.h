/* SPDX-License-Identifier: MIT */
/*
 * What init and the menu of recovery tell one another.  Init leaves RECOVERY_FILE and starts
 * `cowboot recovery` on every console; its exit code says what is to come.
 */
#ifndef COWBOOT_RECOVERY_ANSWER_H
#define COWBOOT_RECOVERY_ANSWER_H

#define RECOVERY_FILE "/run/cowboot/recovery"	/* why, a line; what exactly failed, a line, or empty */

enum recovery_answer {
	RECOVERY_ANSWERS = 100,			/* a lower exit code is none */
	RECOVERY_AGAIN = RECOVERY_ANSWERS,	/* boot from the beginning, in this kernel */
	RECOVERY_RESTART,			/* reboot */
	RECOVERY_OFF,				/* power off */
};

#endif
