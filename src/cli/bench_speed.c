/* SPDX-License-Identifier: MIT */
/*
 * What a disk's flushes and writes cost.  Writes over the target's blocks in any order, and leaves zeros
 * at both its ends, so that it is blank to the next run; removes a file that it made itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/bench.h"

#define MIB (1u << 20)
#define SAMPLES_MAX 65536u
#define SLOW_FLUSH_US 50u	/* what no medium does faster: its flush does nothing */

struct speed {
	const struct bench_target *t;
	uint8_t *data;			/* MIB bytes, from a block's boundary on */
	uint32_t *us;			/* SAMPLES_MAX, of the measurement that is being made */
	size_t count;
};

struct figures {
	const char *name, *text;
	uint64_t count, bytes, total_us;
	uint32_t median_us, p99_us, max_us;
};

enum measure { EMPTY_FLUSH, WRITE_FLUSH, DURABLE, IN_ORDER, AT_RANDOM, LARGE, MEASURES };

static const struct {
	const char *name, *text;
	size_t bytes;
} measures[MEASURES] = {
	[EMPTY_FLUSH] = { "flush", "flush, nothing written before it", 0 },
	[WRITE_FLUSH] = { "write_flush", "4 KiB at random, and a flush", 4096 },
	[DURABLE] = { "write_fua", "4 KiB at random, durable by itself (FUA)", 4096 },
	[IN_ORDER] = { "write_in_order", "4 KiB in order", 4096 },
	[AT_RANDOM] = { "write_at_random", "4 KiB at random", 4096 },
	[LARGE] = { "write_large", "1 MiB in order", MIB },
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int one(const struct speed *s, enum measure m, uint64_t i, uint64_t *random)
{
	const struct bench_target *t = s->t;
	size_t len = measures[m].bytes;
	uint64_t places = len ? t->size_bytes / len : 1;
	uint64_t at = (m == IN_ORDER || m == LARGE ? i : next_random(random)) % places * len;
	int rc = 0;

	/* No two writes alike, for disks that pack what they store. */
	for (size_t k = 0; k < len; k += SECTOR_BYTES)
		put_le64(s->data + k, next_random(random));
	if (m == WRITE_FLUSH)
		rc = dev_write(&t->spare.dev, at, s->data, len);
	else if (len)
		rc = spare_write(&t->spare, m == DURABLE, at, s->data, len);
	if (!rc && (m == EMPTY_FLUSH || m == WRITE_FLUSH))
		rc = dev_flush(&t->spare.dev);
	return rc;
}

static int by_value(const void *left, const void *right)
{
	const uint32_t *l = left, *r = right;

	return (*l > *r) - (*l < *r);
}

static int measure(struct speed *s, uint64_t seconds, enum measure m, struct figures *ret_result)
{
	uint64_t begun_us = sys_now_us(), before_us = begun_us, random = begun_us | 1, total_us;
	int rc = 0;

	for (s->count = 0; !rc && s->count < SAMPLES_MAX &&
			   before_us - begun_us < seconds * 1000000;) {
		uint64_t after_us;

		rc = one(s, m, s->count, &random);
		after_us = sys_now_us();
		s->us[s->count++] = (uint32_t)(after_us - before_us);
		before_us = after_us;
	}
	if (!rc)	/* what is in the disk's cache still has to be written: that is part of it */
		rc = dev_flush(&s->t->spare.dev);
	if (rc)
		return rc;
	total_us = sys_now_us() - begun_us;
	qsort(s->us, s->count, sizeof(s->us[0]), by_value);
	*ret_result = (struct figures){
		measures[m].name, measures[m].text, s->count, measures[m].bytes * s->count,
		total_us ? total_us : 1, s->us[s->count / 2], s->us[s->count * 99 / 100],
		s->us[s->count - 1],
	};
	return 0;
}

static void print_ms(uint32_t us)
{
	printf(" %7" PRIu32 ".%02" PRIu32, us / 1000, us % 1000 / 10);
}

static void print(const struct bench_target *t, const struct figures *results)
{
	uint64_t step_us = results[WRITE_FLUSH].median_us * UINT64_C(2);

	printf("%s, the first %" PRIu64 " MiB%s\n", t->spare.dev.name, t->size_bytes / MIB,
	       t->spare.is_direct ? "" : "; through the page cache, for nothing else is possible here");
	printf("%-42s %9s %9s %10s %10s %10s\n", "", "a second", "KiB/s", "median ms", "99 % ms",
	       "max ms");
	for (int m = 0; m < MEASURES; m++) {
		const struct figures *r = &results[m];

		printf("%-42s %9" PRIu64 " %9" PRIu64, r->text, r->count * 1000000 / r->total_us,
		       r->bytes * 1000000 / 1024 / r->total_us);
		print_ms(r->median_us);
		print_ms(r->p99_us);
		print_ms(r->max_us);
		printf("\n");
	}
	printf("one step of a merge, a run of chunks: about %" PRIu64 ".%02" PRIu64 " ms\n",
	       step_us / 1000, step_us % 1000 / 10);
	if (results[WRITE_FLUSH].median_us < SLOW_FLUSH_US)
		printf("a write and a flush in less than %u us: nothing can have been flushed\n",
		       SLOW_FLUSH_US);
}

static void print_json(const struct bench_target *t, const struct figures *results)
{
	char name[2 * DEV_NAME_MAX];
	struct text_out out;

	text_begin(&out, name, sizeof(name));
	text_add_json(&out, t->spare.dev.name);
	printf("{\"schema\":1,\"target\":%s,\"bytes\":%" PRIu64 ",\"direct\":%s,\"measures\":[", name,
	       t->size_bytes, t->spare.is_direct ? "true" : "false");
	for (int m = 0; m < MEASURES; m++) {
		const struct figures *r = &results[m];

		printf("%s{\"name\":\"%s\",\"count\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"total_us\":%" PRIu64 ",\"median_us\":%" PRIu32 ",\"p99_us\":%" PRIu32
		       ",\"max_us\":%" PRIu32 "}", m ? "," : "", r->name, r->count, r->bytes,
		       r->total_us, r->median_us, r->p99_us, r->max_us);
	}
	printf("]}\n");
}

/* So that it is blank to the next run. */
static int clean(const struct speed *s)
{
	const struct dev *dev = &s->t->spare.dev;
	int rc;

	memset(s->data, 0, MIB);
	rc = dev_write(dev, 0, s->data, MIB);
	if (!rc)
		rc = dev_write(dev, dev->size_bytes - MIB, s->data, MIB);
	return rc ? rc : dev_flush(dev);
}

static int measure_all(struct speed *s, const struct bench_options *o, struct figures *results)
{
	int rc = 0;

	for (int m = 0; m < MEASURES && !rc; m++)
		rc = measure(s, o->seconds, (enum measure)m, &results[m]);
	if (s->t->created)
		(void)sys_unlink(o->path);	/* it was made here; what was measured counts without it */
	else if (!rc)
		rc = clean(s);
	return rc;
}

int bench_speed(const struct bench_target *t, const struct bench_options *o)
{
	struct speed s = { .t = t };
	struct figures results[MEASURES] = { 0 };
	uint8_t *memory;
	int rc = t->created || o->force ? 0 : bench_check_blank(t);

	if (rc)
		return cli_failed();
	memory = calloc(1, MIB + CUTS_BLOCK_BYTES);
	s.us = calloc(SAMPLES_MAX, sizeof(*s.us));
	if (memory && s.us) {
		s.data = memory + (CUTS_BLOCK_BYTES - (uintptr_t)memory % CUTS_BLOCK_BYTES);
		rc = measure_all(&s, o, results);
	} else {
		rc = fail_sys(ENOMEM, "cannot measure");
	}
	free(memory);
	free(s.us);
	if (rc)
		return cli_failed();
	if (o->json)
		print_json(t, results);
	else
		print(t, results);
	return cli_printed(EXIT_DONE);
}
