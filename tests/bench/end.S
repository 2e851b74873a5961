/* SPDX-License-Identifier: MIT */
/*
 * What is started in the place of the real init when a boot is measured: its first instruction is the
 * mark (marks.c), and then the board is switched off, with nothing written.
 */
#include <asm/unistd.h>

	.text
	.global _start
_start:
	hint	#0x61
	ldr	w0, =0xfee1dead
	ldr	w1, =672274793
	ldr	w2, =0x4321fedc		/* LINUX_REBOOT_CMD_POWER_OFF */
	mov	x3, #0
	mov	x8, #__NR_reboot
	svc	#0
	mov	x8, #__NR_exit
	svc	#0
