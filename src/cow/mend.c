/* SPDX-License-Identifier: MIT */
/*
 * What was merged, compared with the store and written again (I15).  Must never write what the kernel
 * has still to merge, nor anything but the store's data to the place that the kept list names: so the
 * two lists are compared before the first write.
 */
#include <errno.h>
#include <string.h>

#include "base/alive.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fail.h"
#include "cow/mend.h"

/* ---- The kernel's list is the beginning of the kept one ---- */

struct prefix {
	const struct cow_source *kept;
	uint8_t sector[SECTOR_BYTES];	/* of the kept list, with the entry that is compared */
	uint64_t entries;
};

static int compare_entry(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct prefix *p = ctx;
	size_t at = index * COW_KEPT_ENTRY_BYTES % SECTOR_BYTES;
	int rc = 0;

	if (!at)
		rc = p->kept->read(p->kept->ctx, COW_KEPT_HEAD_BYTES + index * COW_KEPT_ENTRY_BYTES,
				   p->sector, sizeof(p->sector));
	if (rc)
		return rc;
	if (get_le64(p->sector + at) != old_chunk || get_le64(p->sector + at + 8) != new_chunk)
		return fail(EBADMSG, "exception %llu is not the one that was kept",
			    (unsigned long long)index);
	p->entries = index + 1;
	return 0;
}

static int check_prefix(const struct cow_mend *m, const struct cow_scratch *scratch)
{
	struct prefix p = { .kept = m->kept };
	int rc;

	if (m->left > m->exceptions)
		return fail(EBADMSG, "it holds %llu exceptions, %llu were kept",
			    (unsigned long long)m->left, (unsigned long long)m->exceptions);
	rc = cow_walk(m->store, m->chunk_sectors, m->left, scratch, compare_entry, &p);
	if (!rc && p.entries != m->left)
		rc = fail(EBADMSG, "it holds %llu exceptions, not %llu",
			  (unsigned long long)p.entries, (unsigned long long)m->left);
	return rc;
}

/* ---- Chunks, as many at once as the buffers hold ---- */

#define RUN_MAX 128u

struct mender {
	const struct cow_mend *mend;
	const struct cow_target *origin;
	uint8_t *have, *want;		/* of the origin, and of the store */
	size_t piece_bytes;
	uint64_t chunk_bytes;
	unsigned run_max;		/* chunks that the buffers hold; 1: perhaps not even one */
	uint64_t old_chunk, new_chunk;	/* a run that is not compared yet */
	unsigned count;
	uint32_t crc[RUN_MAX];		/* of its chunks */
	struct cow_mended done;
};

/* How much of the chunk lies on the origin. */
static size_t origin_len(const struct mender *m, uint64_t at, size_t len_bytes)
{
	uint64_t there = m->origin->size_bytes - at;

	return there < len_bytes ? (size_t)there : len_bytes;
}

/* A part of a chunk, whose bytes in the store are in want.  Adds to what was written of the chunk. */
static int mend_part(struct mender *m, uint64_t at, const uint8_t *want, size_t len_bytes,
		     bool *written, bool *unreadable)
{
	/* A sector that the disk cannot read any more can mostly still be written. */
	bool readable = !m->origin->read(m->origin->ctx, at, m->have, len_bytes);

	if (readable && bytes_are_same(m->have, want, len_bytes))
		return 0;
	*written = true;
	*unreadable |= !readable;
	return m->origin->write(m->origin->ctx, at, want, len_bytes);
}

static void count_chunk(struct mender *m, bool written, bool unreadable)
{
	m->done.written += written;
	m->done.unreadable += written && unreadable;
}

/* Whether the store still has a chunk as it was installed; a large one is read piece by piece. */
static bool is_as_installed(const struct mender *m, uint64_t new_chunk, uint32_t want_crc)
{
	const struct cow_source *store = m->mend->store;
	uint32_t crc = 0;

	for (uint64_t at = 0; at < m->chunk_bytes;) {
		uint64_t left = m->chunk_bytes - at;
		size_t len = left < m->piece_bytes ? (size_t)left : m->piece_bytes;

		if (store->read(store->ctx, new_chunk * m->chunk_bytes + at, m->want, len))
			return false;
		alive();
		crc = crc32c(crc, m->want, len);
		at += len;
	}
	return crc == want_crc;
}

/* A chunk that is read twice: nothing of it is written before all of it is known to be right. */
static int mend_chunk(struct mender *m, uint64_t old_chunk, uint64_t new_chunk, uint32_t crc)
{
	const struct cow_source *store = m->mend->store;
	uint64_t old_at = old_chunk * m->chunk_bytes, new_at = new_chunk * m->chunk_bytes;
	uint64_t end = m->chunk_bytes;
	bool written = false, unreadable = false;
	int rc = 0;

	if (!is_as_installed(m, new_chunk, crc)) {
		m->done.spoiled++;
		return 0;
	}
	if (end > m->origin->size_bytes - old_at)
		end = m->origin->size_bytes - old_at;
	for (uint64_t at = 0; at < end && !rc;) {
		size_t len = end - at < m->piece_bytes ? (size_t)(end - at) : m->piece_bytes;

		rc = store->read(store->ctx, new_at + at, m->want, len);
		if (!rc)
			rc = mend_part(m, old_at + at, m->want, len, &written, &unreadable);
		at += len;
	}
	count_chunk(m, written, unreadable);
	return rc;
}

/* The chunks of a run, whose bytes in the store are in want; false: not all are as installed. */
static bool run_is_as_installed(const struct mender *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (crc32c(0, m->want + i * m->chunk_bytes, (size_t)m->chunk_bytes) != m->crc[i])
			return false;
	return true;
}

/* All chunks of a run at once: where nothing differs, it takes two requests. */
static int mend_whole_run(struct mender *m)
{
	uint64_t old_at = m->old_chunk * m->chunk_bytes;
	size_t len = origin_len(m, old_at, (size_t)(m->count * m->chunk_bytes));
	int rc = 0;

	if (!m->origin->read(m->origin->ctx, old_at, m->have, len) &&
	    bytes_are_same(m->have, m->want, len))
		return 0;
	for (unsigned i = 0; i < m->count && !rc; i++) {
		uint64_t at = i * m->chunk_bytes;
		bool written = false, unreadable = false;

		rc = mend_part(m, old_at + at, m->want + at,
			       origin_len(m, old_at + at, (size_t)m->chunk_bytes), &written,
			       &unreadable);
		count_chunk(m, written, unreadable);
	}
	return rc;
}

static int mend_run(struct mender *m)
{
	const struct cow_source *store = m->mend->store;
	size_t len = (size_t)(m->count * m->chunk_bytes);
	int rc = 0;

	m->done.compared += m->count;
	alive();
	if (m->chunk_bytes <= m->piece_bytes && m->count &&
	    !store->read(store->ctx, m->new_chunk * m->chunk_bytes, m->want, len) &&
	    run_is_as_installed(m))
		rc = mend_whole_run(m);
	else
		for (unsigned i = 0; i < m->count && !rc; i++)
			rc = mend_chunk(m, m->old_chunk + i, m->new_chunk + i, m->crc[i]);
	m->count = 0;
	return rc;
}

static int take(void *ctx, uint64_t index, const struct cow_kept_entry *entry)
{
	struct mender *m = ctx;
	int rc = 0;

	if (index < m->mend->left)
		return 0;
	if (entry->old_chunk >= m->origin->size_bytes / m->chunk_bytes +
				!!(m->origin->size_bytes % m->chunk_bytes))
		return fail(EBADMSG, "exception %llu: old chunk %llu lies outside the origin",
			    (unsigned long long)index, (unsigned long long)entry->old_chunk);
	if (m->count && (m->count == m->run_max || entry->old_chunk != m->old_chunk + m->count ||
			 entry->new_chunk != m->new_chunk + m->count))
		rc = mend_run(m);
	if (!m->count) {
		m->old_chunk = entry->old_chunk;
		m->new_chunk = entry->new_chunk;
	}
	m->crc[m->count++] = entry->crc;
	return rc;
}

int cow_mend(const struct cow_mend *mend, const struct cow_target *origin,
	     const struct cow_scratch *scratch, struct cow_mended *ret_mended)
{
	/* A third each: the kept list is walked while pieces are compared. */
	size_t third = scratch->buf_bytes / 3 / SECTOR_BYTES * SECTOR_BYTES;
	struct cow_scratch walking = { .buf = scratch->buf, .buf_bytes = third };
	struct mender m = {
		.mend = mend, .origin = origin, .piece_bytes = third, .run_max = 1,
		.have = scratch->buf + third, .want = scratch->buf + 2 * third,
		.chunk_bytes = (uint64_t)mend->chunk_sectors * SECTOR_BYTES,
	};
	int rc;

	if (!third)
		return fail(EINVAL, "no buffers to compare with");
	if (third / m.chunk_bytes > 1)
		m.run_max = third / m.chunk_bytes < RUN_MAX ? (unsigned)(third / m.chunk_bytes) : RUN_MAX;
	rc = check_prefix(mend, scratch);
	if (!rc)
		rc = cow_kept_walk(mend->kept, mend->exceptions, &walking, take, &m);
	if (!rc)
		rc = mend_run(&m);
	/* Also where nothing differed: an earlier run may have been cut before its flush. */
	if (!rc)
		rc = origin->flush(origin->ctx);
	if (!rc)
		*ret_mended = m.done;
	return rc;
}
