/* SPDX-License-Identifier: MIT */
/*
 * The search of bsdiff: at each place of the new data the longest match in the sorted old ones; one that
 * is better than going on with the last copy begins a new copy.  Between two of them the last one reaches
 * as far forward, and the next as far back, as more bytes are equal than not.
 */
#include "host/delta_match.h"

#include <divsufsort.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#define BETTER_BY 8	/* equal bytes that a new copy must have more, to be worth its numbers */

struct search {
	const struct delta_windows *windows;
	const uint8_t *old, *new;
	int64_t old_bytes, new_bytes;
	saidx_t *sorted;		/* the suffixes of old */
	struct delta_ops *ops;
	/* The copy that is being made: new data from `done` on are those at `from` in old. */
	int64_t done, from;
};

static int64_t equal_bytes(const struct search *s, int64_t old_at, int64_t new_at)
{
	int64_t most = s->old_bytes - old_at, len = 0;

	if (most > s->new_bytes - new_at)
		most = s->new_bytes - new_at;
	while (len < most && s->old[old_at + len] == s->new[new_at + len])
		len++;
	return len;
}

/* The longest match of what begins at new_at: its length and place. */
static int64_t longest(const struct search *s, int64_t new_at, int64_t *ret_old_at)
{
	int64_t low = 0, high = s->old_bytes - 1, a, b;

	if (!s->old_bytes)
		return 0;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2, at = s->sorted[middle];
		int64_t len = s->old_bytes - at;

		if (len > s->new_bytes - new_at)
			len = s->new_bytes - new_at;
		if (memcmp(s->old + at, s->new + new_at, (size_t)len) < 0)
			low = middle;
		else
			high = middle;
	}
	a = equal_bytes(s, s->sorted[low], new_at);
	b = equal_bytes(s, s->sorted[high], new_at);
	*ret_old_at = a > b ? s->sorted[low] : s->sorted[high];
	return a > b ? a : b;
}

/* Whether the last copy, gone on with, has the byte at new_at. */
static bool still_equal(const struct search *s, int64_t new_at)
{
	int64_t old_at = s->from + new_at - s->done;

	return old_at >= 0 && old_at < s->old_bytes && s->old[old_at] == s->new[new_at];
}

/* How far the last copy goes on towards `end`: where it has most equal bytes more than others. */
static int64_t reach_forward(const struct search *s, int64_t end)
{
	int64_t equal = 0, best = 0, reach = 0;

	for (int64_t i = 0; s->done + i < end && s->from + i < s->old_bytes;) {
		equal += s->old[s->from + i] == s->new[s->done + i];
		i++;
		if (2 * equal - i > 2 * best - reach) {
			best = equal;
			reach = i;
		}
	}
	return reach;
}

static int64_t reach_back(const struct search *s, int64_t new_at, int64_t old_at)
{
	int64_t equal = 0, best = 0, reach = 0;

	for (int64_t i = 1; new_at - i >= s->done && old_at >= i; i++) {
		equal += s->old[old_at - i] == s->new[new_at - i];
		if (2 * equal - i > 2 * best - reach) {
			best = equal;
			reach = i;
		}
	}
	return reach;
}

/* Both reach over the same bytes: how many of these the first copy keeps. */
static int64_t share(const struct search *s, int64_t forward, int64_t back, int64_t new_at,
		     int64_t old_at)
{
	int64_t overlap = s->done + forward - (new_at - back), score = 0, best = 0, keeps = 0;

	for (int64_t i = 0; i < overlap; i++) {
		int64_t in_first = forward - overlap + i, in_next = i - back;

		score += s->new[s->done + in_first] == s->old[s->from + in_first];
		score -= s->new[new_at + in_next] == s->old[old_at + in_next];
		if (score > best) {
			best = score;
			keeps = i + 1;
		}
	}
	return keeps;
}

static int add(struct delta_ops *ops, uint64_t old_at_bytes, int64_t copy, int64_t extra)
{
	if (ops->count == ops->room) {
		size_t room = ops->room ? 2 * ops->room : 4096;
		struct delta_op *more = realloc(ops->op, room * sizeof(*more));

		if (!more)
			return fail_sys(ENOMEM, "cannot hold a delta's operations");
		ops->op = more;
		ops->room = room;
	}
	ops->op[ops->count++] = (struct delta_op){ old_at_bytes, (size_t)copy, (size_t)extra };
	return 0;
}

/* A copy in the windows as one in the image, cut where the windows do not follow each other there. */
static int add_copy(struct search *s, int64_t copy, int64_t extra)
{
	int64_t from = s->from;
	int rc = 0;

	if (!copy)
		return extra ? add(s->ops, 0, 0, extra) : 0;
	while (copy && !rc) {
		size_t window = (size_t)from / DELTA_WINDOW_BYTES;
		int64_t len = DELTA_WINDOW_BYTES - from % DELTA_WINDOW_BYTES;
		uint64_t at = s->windows->at_bytes[window] + (uint64_t)(from % DELTA_WINDOW_BYTES);

		while (len < copy && s->windows->at_bytes[window + 1] ==
				     s->windows->at_bytes[window] + DELTA_WINDOW_BYTES) {
			len += DELTA_WINDOW_BYTES;
			window++;
		}
		if (len > copy)
			len = copy;
		copy -= len;
		from += len;
		rc = add(s->ops, at, len, copy ? 0 : extra);
	}
	return rc;
}

/* The next copy begins at new_at, or there is none and that is the end: what lies before it is told. */
static int begin_copy(struct search *s, int64_t new_at, int64_t old_at)
{
	bool is_end = new_at == s->new_bytes;
	int64_t forward = reach_forward(s, new_at);
	int64_t back = is_end ? 0 : reach_back(s, new_at, old_at);
	int rc;

	if (s->done + forward > new_at - back) {
		int64_t overlap = s->done + forward - (new_at - back);
		int64_t keeps = share(s, forward, back, new_at, old_at);

		forward += keeps - overlap;
		back -= keeps;
	}
	rc = add_copy(s, forward, new_at - back - (s->done + forward));
	s->done = new_at - back;
	s->from = old_at - back;
	return rc;
}

static int search(struct search *s)
{
	int64_t scan = 0, len = 0, old_at = 0;

	while (scan < s->new_bytes) {
		int64_t seen, equal = 0;	/* bytes that going on with the last copy has in the match */
		int rc;

		scan += len;
		for (seen = scan; scan < s->new_bytes; scan++) {
			len = longest(s, scan, &old_at);
			for (; seen < scan + len; seen++)
				equal += still_equal(s, seen);
			if ((len == equal && len) || len > equal + BETTER_BY)
				break;
			if (seen > scan)
				equal -= still_equal(s, scan);
			else
				seen = scan + 1;
		}
		if (len == equal && scan < s->new_bytes)
			continue;
		rc = begin_copy(s, scan < s->new_bytes ? scan : s->new_bytes, old_at);
		if (rc)
			return rc;
	}
	return 0;
}

int delta_match(const struct delta_windows *windows, const uint8_t *data, size_t len_bytes,
		struct delta_ops *ret_ops)
{
	struct search s = { .windows = windows, .old = windows->bytes, .new = data,
			    .old_bytes = (int64_t)windows->len_bytes, .new_bytes = (int64_t)len_bytes,
			    .ops = ret_ops };
	int rc = 0;

	*ret_ops = (struct delta_ops){ 0 };
	s.sorted = malloc((windows->len_bytes + 1) * sizeof(*s.sorted));
	if (!s.sorted || divsufsort(s.old, s.sorted, (saidx_t)windows->len_bytes))
		rc = fail_sys(ENOMEM, "cannot sort what a delta copies from");
	if (!rc)
		rc = search(&s);
	free(s.sorted);
	return rc;
}

void delta_ops_free(struct delta_ops *ops)
{
	free(ops->op);
	*ops = (struct delta_ops){ 0 };
}
