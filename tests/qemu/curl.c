/* SPDX-License-Identifier: MIT */
/*
 * What cowboot takes for curl in a guest that has no network: reads curl's configuration from standard
 * input and answers each range of it, from the file /run/served, as curl would show a server's answer.
 * Each answer takes a byte off the end of /run/breaks, where that is not empty, and breaks off amid its
 * body.  The real one is in tests/host/test_bundle_fetch.py.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buf[65536];

static int breaks(void)
{
	struct stat st;

	return stat("/run/breaks", &st) == 0 && st.st_size && truncate("/run/breaks", st.st_size - 1) == 0;
}

static int answer(FILE *file, long from, long last)
{
	struct stat st;
	long left, cut;

	if (fstat(fileno(file), &st) || fseek(file, from, SEEK_SET))
		return 56;
	if (last < 0 || last >= st.st_size)
		last = st.st_size - 1;
	left = last + 1 - from;
	cut = breaks() ? left / 2 : 0;
	printf("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %ld-%ld/%ld\r\nETag: \"%ld\"\r\n\r\n",
	       from, last, (long)st.st_size, (long)st.st_mtime);
	while (left > cut) {
		size_t part = left - cut < (long)sizeof(buf) ? (size_t)(left - cut) : sizeof(buf);

		if (fread(buf, 1, part, file) != part || fwrite(buf, 1, part, stdout) != part)
			return 23;
		left -= (long)part;
	}
	return cut ? 18 : 0;
}

int main(void)
{
	FILE *file = fopen("/run/served", "rb"), *asked = fopen("/run/asked", "a");
	char line[8192];
	int code = 0;

	while (file && asked && !code && fgets(line, sizeof(line), stdin)) {
		long from, last = -1;

		if (sscanf(line, "range = \"%ld-%ld", &from, &last) < 1)
			continue;
		fputs(line, asked);
		code = answer(file, from, last);
	}
	return file && asked ? code : 6;
}
