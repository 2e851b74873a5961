/* SPDX-License-Identifier: MIT */
/*
 * chunks fill DEVICE CHUNK_BYTES FIRST COUNT WORD    writes chunks: ok, or "N errno" of the first
 * chunks look DEVICE CHUNK_BYTES FIRST COUNT         reads them, a line for each run of alike ones
 *
 * A chunk begins with a word of up to 8 letters and, as 64 bits, its own number: so each tells
 * whose it is and where it belongs. look prints "FIRST LAST WORD", the word with @N when the chunk
 * says it is number N, "-" for zeros, "error" for what cannot be read. All past the page cache.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#define WINDOW_BYTES (4u << 20)
#define WORD_BYTES 8
#define LOOK_MAX 48

static uint8_t *window;
static uint64_t chunk_bytes;

static void label(uint8_t *chunk, const char *word, uint64_t number)
{
	memset(chunk, 0, chunk_bytes);
	memcpy(chunk, word, strnlen(word, WORD_BYTES));
	memcpy(chunk + WORD_BYTES, &number, sizeof(number));
}

static int fill(int fd, uint64_t first, uint64_t count, const char *word)
{
	uint64_t step = WINDOW_BYTES / chunk_bytes, n;

	for (uint64_t at = first; at < first + count; at += n) {
		n = first + count - at < step ? first + count - at : step;
		for (uint64_t i = 0; i < n; i++)
			label(window + i * chunk_bytes, word, at + i);
		if (pwrite(fd, window, n * chunk_bytes, (off_t)(at * chunk_bytes)) !=
		    (ssize_t)(n * chunk_bytes)) {
			printf("%llu %d\n", (unsigned long long)at, errno);
			return 0;
		}
	}
	puts("ok");
	return 0;
}

static void describe(char *said, const uint8_t *chunk, uint64_t number)
{
	uint64_t own;
	int letters = 0;

	memcpy(&own, chunk + WORD_BYTES, sizeof(own));
	while (letters < WORD_BYTES && chunk[letters] >= 'A' && chunk[letters] <= 'z')
		letters++;
	if (letters && own == number)
		snprintf(said, LOOK_MAX, "%.*s", letters, (const char *)chunk);
	else if (letters)
		snprintf(said, LOOK_MAX, "%.*s@%llu", letters, (const char *)chunk,
			 (unsigned long long)own);
	else
		snprintf(said, LOOK_MAX, own ? "?" : "-");
}

/* Prints the run before when this chunk is not like it. */
static void tell(uint64_t number, const char *said)
{
	static char run[LOOK_MAX];
	static uint64_t first;

	if (!strcmp(run, said))
		return;
	if (*run)
		printf("%llu %llu %s\n", (unsigned long long)first, (unsigned long long)number - 1,
		       run);
	snprintf(run, sizeof(run), "%s", said);
	first = number;
}

static void look_at(int fd, uint64_t at, uint64_t n)
{
	char said[LOOK_MAX];
	ssize_t got = pread(fd, window, n * chunk_bytes, (off_t)(at * chunk_bytes));

	if (got != (ssize_t)(n * chunk_bytes) && n > 1) {
		look_at(fd, at, n / 2);
		look_at(fd, at + n / 2, n - n / 2);
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		if (got == (ssize_t)(n * chunk_bytes))
			describe(said, window + i * chunk_bytes, at + i);
		else
			snprintf(said, sizeof(said), "error");
		tell(at + i, said);
	}
}

static int look(int fd, uint64_t first, uint64_t count)
{
	uint64_t step = WINDOW_BYTES / chunk_bytes, n;

	for (uint64_t at = first; at < first + count; at += n) {
		n = first + count - at < step ? first + count - at : step;
		look_at(fd, at, n);
	}
	tell(first + count, "");
	return 0;
}

int main(int argc, char **argv)
{
	int is_fill = argc == 7 && !strcmp(argv[1], "fill");
	uint64_t first, count;
	int fd;

	if (!is_fill && (argc != 6 || strcmp(argv[1], "look"))) {
		fputs("chunks fill|look DEVICE CHUNK_BYTES FIRST COUNT [WORD]\n", stderr);
		return 64;
	}
	fd = open(argv[2], (is_fill ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || posix_memalign((void **)&window, 4096, WINDOW_BYTES)) {
		perror(argv[2]);
		return 1;
	}
	chunk_bytes = strtoull(argv[3], NULL, 10);
	first = strtoull(argv[4], NULL, 10);
	count = strtoull(argv[5], NULL, 10);
	return is_fill ? fill(fd, first, count, argv[6]) : look(fd, first, count);
}
