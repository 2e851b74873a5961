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
	size_t at = index * COW_ENTRY_BYTES % SECTOR_BYTES;
	int rc = 0;

	if (!at)
		rc = p->kept->read(p->kept->ctx, COW_KEPT_HEAD_BYTES + index * COW_ENTRY_BYTES,
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

struct mender {
	const struct cow_mend *mend;
	const struct cow_target *origin;
	uint8_t *have, *want;		/* of the origin, and of the store */
	size_t piece_bytes;
	uint64_t chunk_bytes;
	uint64_t old_chunk, new_chunk, count;	/* a run that is not compared yet */
	uint64_t written_chunk;		/* the last one that was counted, and one */
	struct cow_mended done;
};

static int write_part(struct mender *m, uint64_t at, const uint8_t *want, size_t len_bytes,
		      bool readable)
{
	uint64_t chunk = at / m->chunk_bytes + 1;

	if (m->written_chunk != chunk) {
		m->done.written++;
		m->done.unreadable += !readable;
	}
	m->written_chunk = chunk;
	return m->origin->write(m->origin->ctx, at, want, len_bytes);
}

/* One part of a chunk, whose bytes in the store are in want. */
static int mend_part(struct mender *m, uint64_t at, const uint8_t *want, size_t len_bytes)
{
	/* A sector that the disk cannot read any more can mostly still be written. */
	bool readable = !m->origin->read(m->origin->ctx, at, m->have, len_bytes);

	if (readable && !memcmp(m->have, want, len_bytes))
		return 0;
	return write_part(m, at, want, len_bytes, readable);
}

/* A piece: some whole chunks, or a part of one. */
static int mend_piece(struct mender *m, uint64_t old_at, uint64_t new_at, size_t len_bytes)
{
	const struct cow_source *store = m->mend->store;
	int rc = store->read(store->ctx, new_at, m->want, len_bytes);

	if (rc)
		return rc;
	alive();
	if (!m->origin->read(m->origin->ctx, old_at, m->have, len_bytes) &&
	    !memcmp(m->have, m->want, len_bytes))
		return 0;
	for (size_t i = 0; i < len_bytes && !rc;) {
		size_t len = len_bytes - i;

		if (len > m->chunk_bytes)
			len = (size_t)m->chunk_bytes;
		rc = mend_part(m, old_at + i, m->want + i, len);
		i += len;
	}
	return rc;
}

static int mend_run(struct mender *m)
{
	uint64_t old_at = m->old_chunk * m->chunk_bytes, new_at = m->new_chunk * m->chunk_bytes;
	uint64_t left = m->count * m->chunk_bytes;
	int rc = 0;

	m->done.compared += m->count;
	m->count = 0;
	if (left > m->origin->size_bytes - old_at)
		left = m->origin->size_bytes - old_at;
	while (left && !rc) {
		size_t len = left < m->piece_bytes ? (size_t)left : m->piece_bytes;

		rc = mend_piece(m, old_at, new_at, len);
		old_at += len;
		new_at += len;
		left -= len;
	}
	return rc;
}

static int take(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct mender *m = ctx;
	int rc = 0;

	if (index < m->mend->left)
		return 0;
	if (old_chunk >= m->origin->size_bytes / m->chunk_bytes +
			 !!(m->origin->size_bytes % m->chunk_bytes))
		return fail(EBADMSG, "exception %llu: old chunk %llu lies outside the origin",
			    (unsigned long long)index, (unsigned long long)old_chunk);
	if (m->count && (old_chunk != m->old_chunk + m->count ||
			 new_chunk != m->new_chunk + m->count))
		rc = mend_run(m);
	if (!m->count) {
		m->old_chunk = old_chunk;
		m->new_chunk = new_chunk;
	}
	m->count++;
	return rc;
}

int cow_mend(const struct cow_mend *mend, const struct cow_target *origin,
	     const struct cow_scratch *scratch, struct cow_mended *ret_mended)
{
	/* A third each: the kept list is walked while pieces are compared. */
	size_t third = scratch->buf_bytes / 3 / SECTOR_BYTES * SECTOR_BYTES;
	struct cow_scratch walking = { .buf = scratch->buf, .buf_bytes = third };
	struct mender m = {
		.mend = mend, .origin = origin, .piece_bytes = third,
		.have = scratch->buf + third, .want = scratch->buf + 2 * third,
		.chunk_bytes = (uint64_t)mend->chunk_sectors * SECTOR_BYTES,
	};
	int rc;

	if (!third)
		return fail(EINVAL, "no buffers to compare with");
	if (m.piece_bytes > m.chunk_bytes)
		m.piece_bytes -= (size_t)(m.piece_bytes % m.chunk_bytes);
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
