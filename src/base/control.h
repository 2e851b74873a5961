/* SPDX-License-Identifier: MIT */
/*
 * ioctl(2) as the kernel has it: musl declares the request as int and glibc as unsigned long, and
 * neither takes the other's constants without a warning.
 */
#ifndef COWBOOT_BASE_CONTROL_H
#define COWBOOT_BASE_CONTROL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 0 or a negative errno. */
static inline int control(int fd, unsigned long request, void *arg)
{
	return syscall(SYS_ioctl, fd, request, arg) < 0 ? -errno : 0;
}

#endif
