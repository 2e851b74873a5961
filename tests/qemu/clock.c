/* SPDX-License-Identifier: MIT */
/* Sets the clock, and says to the kernel that it is kept right, or not, as ntpd does. For test_floor.py. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timex timex = { .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR };
	struct timespec now = { 0 };

	if (argc != 3)
		return 125;
	now.tv_sec = (time_t)strtoll(argv[1], NULL, 10);
	timex.status = strcmp(argv[2], "right") ? STA_UNSYNC : 0;
	return clock_settime(CLOCK_REALTIME, &now) || adjtimex(&timex) < 0;
}
