/* SPDX-License-Identifier: MIT */
#ifndef SIM_CRC_H
#define SIM_CRC_H

/* Ends the program unless the simulator's crc32c and the shipped one agree. */
void crc_check(void);

#endif
