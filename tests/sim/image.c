/* SPDX-License-Identifier: MIT */
/* Contents by number, and images hashed as they change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "disk.h"

#include "state/copies.h"

#define POOL_MAX (1u << 22) /* contents; memory is used as they come */
#define TABLE_MAX (POOL_MAX * 2)

static uint8_t (*pool)[SECTOR];
static uint64_t *pool_hash;
static uint32_t *table; /* content number + 1 */
static uint32_t pool_count;

#define SEEDS 8
static content noise[SEEDS][SECTORS_MAX]; /* as made already */

uint64_t mix64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t hash_sector(const void *sector)
{
	uint64_t word[SECTOR / 8], a = 1, b = 2;

	memcpy(word, sector, SECTOR);
	for (unsigned i = 0; i < SECTOR / 8; i += 2) {
		a = (a ^ word[i]) * 0x9e3779b97f4a7c15u;
		b = (b ^ word[i + 1]) * 0xc2b2ae3d27d4eb4fu;
		a ^= a >> 29;
		b ^= b >> 31;
	}
	return mix64(a ^ mix64(b));
}

static void *reserve(size_t size_bytes)
{
	void *p = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("sim: no memory");
		abort();
	}
	return p;
}

static uint32_t add(const void *sector, uint64_t hash)
{
	if (pool_count == POOL_MAX) {
		fprintf(stderr, "sim: the pool of contents is full\n");
		abort();
	}
	memcpy(pool[pool_count], sector, SECTOR);
	pool_hash[pool_count] = hash;
	return pool_count++;
}

void contents_forget(void)
{
	static const uint8_t zeros[SECTOR];

	if (!pool) {
		pool = reserve((size_t)POOL_MAX * SECTOR);
		pool_hash = reserve((size_t)POOL_MAX * sizeof(*pool_hash));
		table = reserve((size_t)TABLE_MAX * sizeof(*table));
	}
	/* The memory goes back; it reads as zeros again. */
	madvise(pool, (size_t)POOL_MAX * SECTOR, MADV_DONTNEED);
	madvise(table, (size_t)TABLE_MAX * sizeof(*table), MADV_DONTNEED);
	memset(noise, 0, sizeof(noise));
	pool_count = 0;
	add(zeros, 0);
	/* Its bytes are never looked at, and it is in no table: no write can make it. */
	add(zeros, mix64(0x0bad5ec70bad5ec7u));
	table[hash_sector(zeros) % TABLE_MAX] = CONTENT_ZERO + 1;
}

content content_of(const void *sector)
{
	uint64_t hash = hash_sector(sector);
	uint32_t at = (uint32_t)(hash % TABLE_MAX);

	for (; table[at]; at = (at + 1) % TABLE_MAX)
		if (memcmp(pool[table[at] - 1], sector, SECTOR) == 0)
			return table[at] - 1;
	table[at] = add(sector, hash) + 1;
	return table[at] - 1;
}

const uint8_t *content_bytes(content c)
{
	return pool[c];
}

content content_noise(unsigned at, unsigned seed)
{
	uint64_t word[SECTOR / 8];

	if (noise[seed % SEEDS][at])
		return noise[seed % SEEDS][at];
	for (unsigned i = 0; i < SECTOR / 8; i++)
		word[i] = mix64(((uint64_t)seed << 40) + ((uint64_t)at << 8) + i + 0x5eed);
	return noise[seed % SEEDS][at] = content_of(word);
}

uint64_t image_share(unsigned at, content c)
{
	/* A zero sector has no share, so that a row of them need not be gone through. */
	return c == CONTENT_ZERO ? 0 : mix64(pool_hash[c] + (uint64_t)at * 0x9e3779b97f4a7c15u);
}

unsigned image_record_base(unsigned copy)
{
	return disk_base[DISK_META] + copy * COPY_B_OFFSET_BYTES / SECTOR;
}

void image_set(struct image *image, unsigned at, content c)
{
	uint64_t more;

	if (image->at[at] == c)
		return;
	more = image_share(at, c) - image_share(at, image->at[at]);
	image->hash += more;
	for (unsigned copy = 0; copy < 2; copy++)
		if (at - image_record_base(copy) < IMAGE_RECORD_SECTORS)
			image->record_hash[copy] += more;
	image->at[at] = c;
}

void image_copy(struct image *to, const struct image *from)
{
	to->hash = from->hash;
	memcpy(to->record_hash, from->record_hash, sizeof(to->record_hash));
	memcpy(to->at, from->at, disks_total * sizeof(from->at[0]));
}

void image_clear(struct image *image)
{
	image->hash = 0;
	memset(image->record_hash, 0, sizeof(image->record_hash));
	memset(image->at, 0, sizeof(image->at));
}

void image_apply(struct image *image, const struct write *w, const content *words)
{
	for (unsigned i = 0; i < w->count; i++)
		image_set(image, w->at + i, words[w->word + i]);
}
