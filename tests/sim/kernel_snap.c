/* SPDX-License-Identifier: MIT */
/*
 * The exception store: loading, status, one step of the merge.  It trusts what it reads, as the
 * kernel does; the trust being misplaced is a violation, for init must have looked first (I5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"

#define MAGIC 0x70416e53u

static uint64_t le(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static unsigned area_chunk(const struct snap *s, unsigned area)
{
	return 1 + area * (s->per_area + 1);
}

/* What the kernel takes for true at load must have been read by init before, in this boot. */
static void must_be_checked(const struct snap *s, unsigned chunk, unsigned byte)
{
	int at = linear_sector(s->store_minor, (uint64_t)chunk * s->chunk + byte / SECTOR);

	if (at >= 0 && !was_read[at])
		violation("I5: a store was loaded that nobody had checked in this boot");
}

static int read_chunk(const struct snap *s, unsigned chunk, uint8_t *buf)
{
	for (unsigned i = 0; i < s->chunk; i++) {
		int at = linear_sector(s->store_minor, (uint64_t)chunk * s->chunk + i);

		if (at < 0 || view.at[at] == CONTENT_BAD)
			return -EIO;
		memcpy(buf + i * SECTOR, content_bytes(view.at[at]), SECTOR);
	}
	return 0;
}

/* Writes a chunk, piece by piece where the store's extents have seams. */
static void write_chunk(const struct snap *s, unsigned chunk, const uint8_t *buf, unsigned flags)
{
	content words[8 * SECTOR];
	unsigned done = 0;

	while (done < s->chunk) {
		int at = linear_sector(s->store_minor, (uint64_t)chunk * s->chunk + done);
		enum disk d = plan->raw ? DISK_COW : DISK_DATA;
		unsigned n = 0;

		do {
			words[n] = content_of(buf + (done + n) * SECTOR);
			n++;
		} while (done + n < s->chunk &&
			 linear_sector(s->store_minor, (uint64_t)chunk * s->chunk + done + n) ==
				 at + (int)n);
		disk_write(d, (unsigned)at, n, words, flags);
		if (flags & WRITE_FUA)
			disk_settle();
		done += n;
	}
}

/* The kernel takes a zero magic for a new store: header, then the first area, and no flush between.
 */
static void make_new(struct snap *s)
{
	uint8_t buf[4096] = { 0 };

	put32(buf, MAGIC);
	put32(buf + 4, 1);
	put32(buf + 8, 1);
	put32(buf + 12, s->chunk);
	write_chunk(s, 0, buf, 0);
	memset(buf, 0, sizeof(buf));
	write_chunk(s, 1, buf, 0);
	violation("I5: the kernel was given a store with a zero magic");
}

static int load_area(struct snap *s, bool *ret_full)
{
	int rc = read_chunk(s, area_chunk(s, s->area), s->area_buf);

	*ret_full = true;
	if (rc)
		return rc;
	for (s->committed = 0; s->committed < s->per_area; s->committed++) {
		uint64_t old = le(s->area_buf + s->committed * 16, 8);
		uint64_t new = le(s->area_buf + s->committed * 16 + 8, 8);

		must_be_checked(s, area_chunk(s, s->area), s->committed * 16);
		if (new == 0) {
			*ret_full = false;
			return 0;
		}
		if (old * s->chunk >= disk_size[s->origin] || old >= SNAP_CHUNKS_MAX ||
		    linear_sector(s->store_minor, new * s->chunk) < 0)
			violation("I5: the kernel was given an exception out of bounds");
		if (s->new_of[old])
			violation("I5: the kernel was given an exception twice");
		s->new_of[old] = (unsigned)new;
		if (s->next_free <= new)
			s->next_free = (unsigned)new + 1;
	}
	return 0;
}

int snap_load(struct snap *s, enum disk origin, int store_minor, unsigned chunk)
{
	uint8_t header[4096];
	bool full = true;
	int rc;

	memset(s, 0, sizeof(*s));
	s->origin = origin;
	s->store_minor = store_minor;
	s->chunk = chunk;
	s->per_area = chunk * SECTOR / 16;
	s->next_free = 2;
	s->valid = true;
	rc = read_chunk(s, 0, header);
	if (rc)
		return rc;
	must_be_checked(s, 0, 0);
	if (le(header, 4) == 0)
		make_new(s);
	if (le(header, 4) != MAGIC || le(header + 8, 4) != 1 || le(header + 4, 4) == 0 ||
	    le(header + 12, 4) != chunk)
		violation("I5: the kernel was given a store with a bad header");
	for (s->area = 0;; s->area++) {
		rc = load_area(s, &full);
		if (rc)
			return rc;
		if (!full)
			break;
	}
	/* skip_metadata: whichever area it is, an empty one too. */
	if (s->next_free % (s->per_area + 1) == 1)
		s->next_free++;
	s->used = true;
	return 0;
}

int snap_resolve(const struct snap *s, uint64_t sector)
{
	uint64_t old = sector / s->chunk;

	if (!s->valid)
		return -1;
	if (old < SNAP_CHUNKS_MAX && s->new_of[old])
		return linear_sector(s->store_minor,
				     (uint64_t)s->new_of[old] * s->chunk + sector % s->chunk);
	return sector < disk_size[s->origin] ? (int)(disk_base[s->origin] + sector) : -1;
}

void snap_status(const struct snap *s, char *buf, size_t size_bytes)
{
	if (!s->valid)
		snprintf(buf, size_bytes, "Invalid");
	else if (s->merge_failed)
		snprintf(buf, size_bytes, "Merge failed");
	else
		snprintf(buf, size_bytes, "%u/%u %u", s->next_free * s->chunk,
			 (unsigned)dm_size(s->store_minor), (s->area + 2) * s->chunk);
}

/* ---- The merge ---- */

static uint64_t entry(const struct snap *s, unsigned i, unsigned word)
{
	return le(s->area_buf + i * 16 + word * 8, 8);
}

/* How many of the last exceptions are one run, in both numbers. */
static unsigned last_run(const struct snap *s)
{
	unsigned n = 1, last = s->committed - 1;

	while (n <= last && entry(s, last - n, 0) + n == entry(s, last, 0) &&
	       entry(s, last - n, 1) + n == entry(s, last, 1))
		n++;
	return n;
}

static bool failed(struct snap *s)
{
	s->merge_failed = true;
	s->merging = false;
	say("kernel: merge failed");
	return false;
}

/* Store to origin, in one write. */
static bool copy_run(struct snap *s, unsigned first, unsigned n)
{
	content words[1024];
	unsigned to = (unsigned)entry(s, first, 0) * s->chunk, count = n * s->chunk;

	if (to + count > disk_size[s->origin])
		count = disk_size[s->origin] - to;
	for (unsigned i = 0; i < count; i++) {
		int at = linear_sector(s->store_minor, entry(s, first, 1) * s->chunk + i);

		if (at < 0 || view.at[at] == CONTENT_BAD)
			return false;
		words[i] = view.at[at];
	}
	if (fault(FAULT_KERNEL, "read", "the store") || fault(FAULT_KERNEL, "write", "the origin"))
		return false;
	saw_origin_write();
	disk_write(s->origin, disk_base[s->origin] + to, count, words, 0);
	return true;
}

bool snap_merge_step(struct snap *s)
{
	unsigned n, first;

	if (!s->merging || s->merge_failed)
		return false;
	if (!s->committed) {
		if (!s->area) {
			s->merging = false;
			return false;
		}
		s->area--;
		if (fault(FAULT_KERNEL, "read", "an area") ||
		    read_chunk(s, area_chunk(s, s->area), s->area_buf))
			return failed(s);
		s->committed = s->per_area;
	}
	n = last_run(s);
	first = s->committed - n;
	if (!copy_run(s, first, n))
		return failed(s);
	if (fault(FAULT_KERNEL, "flush", "the origin")) {
		disk_flush_failed(s->origin);
		return failed(s);
	}
	disk_flush(s->origin);
	for (unsigned i = first; i < s->committed; i++)
		s->new_of[entry(s, i, 0)] = 0;
	memset(s->area_buf + first * 16, 0, (size_t)n * 16);
	if (fault(FAULT_KERNEL, "write", "an area"))
		return failed(s);
	disk_flush(plan->raw ? DISK_COW : DISK_DATA);
	write_chunk(s, area_chunk(s, s->area), s->area_buf, WRITE_FUA);
	s->committed = first;
	s->next_free = area_chunk(s, s->area) + s->committed + 1;
	say("kernel: merged %u chunks into volume %d, %u left in area %u", n, s->origin - DISK_VOL0,
	    s->committed, s->area);
	return true;
}
