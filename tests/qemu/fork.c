/* SPDX-License-Identifier: MIT */
/*
 * Stands in the place of cowboot's init in the guests that the tests save: no driver is loaded and no
 * disk read yet. The host saves the whole guest here, once, and begins each of its cold starts from
 * here (saved.py). So that one saved guest does for boards of any configuration, the console brings
 * cowboot.conf: a line "BYTES" and so many bytes; 0: the one that is there. Then init has its name
 * back and is started as the kernel starts it.
 * Never in anything that ships. Holds none of I1-I12.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define CONF "/etc/cowboot.conf"
#define CONF_BYTES_MAX 65536

static char conf[CONF_BYTES_MAX];

static _Noreturn void fail(const char *what)
{
	dprintf(1, "fork: cannot %s\n", what);
	exit(1);
}

static void read_all(char *p, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t n = read(0, p, len_bytes);

		if (n <= 0)
			fail("read the console");
		p += n;
		len_bytes -= (size_t)n;
	}
}

static size_t read_number(void)
{
	char line[16];

	for (size_t i = 0; i < sizeof(line); i++) {
		read_all(line + i, 1);
		if (line[i] == '\n') {
			line[i] = 0;
			return strtoul(line, NULL, 10);
		}
	}
	fail("read a number of bytes");
}

static void write_conf(size_t len_bytes)
{
	int fd = open(CONF, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, conf, len_bytes) != (ssize_t)len_bytes || close(fd))
		fail("write " CONF);
}

int main(int argc, char *argv[], char *envp[])
{
	struct termios console, raw;
	size_t len_bytes;

	(void)argc;
	if (tcgetattr(0, &console))
		fail("look at the console");
	raw = console;
	cfmakeraw(&raw);
	raw.c_oflag = console.c_oflag;
	if (tcsetattr(0, TCSANOW, &raw))
		fail("set the console");
	dprintf(1, "fork: here\n");
	len_bytes = read_number();
	if (len_bytes > sizeof(conf))
		fail("take so long a " CONF);
	read_all(conf, len_bytes);
	if (len_bytes)
		write_conf(len_bytes);
	if (tcsetattr(0, TCSANOW, &console) || rename("/init.real", "/init"))
		fail("give way to init");
	execve("/init", argv, envp);
	fail("execute /init");
}
