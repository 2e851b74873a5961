/* SPDX-License-Identifier: MIT */
/* The process that unpacks: what it gives, and what is believed of one that an attacker has taken over. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <zstd.h>

#include "../cow/memory.h"
#include "base/fail.h"
#include "bundle/manifest.h"
#include "bundle/unpack.c"

#define TEXT_BYTES (3u * BUNDLE_BLOCK_BYTES + 5)

static uint8_t text[TEXT_BYTES], frame[TEXT_BYTES];

/* Much of it unpacks from little, so that one piece gives many parts. */
static size_t make_frame(void)
{
	size_t len;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i % 251 + i / 65536);
	len = ZSTD_compress(frame, sizeof(frame), text, sizeof(text), 3);
	assert_false(ZSTD_isError(len));
	return len;
}

static void test_a_frame_in_pieces(void **state)
{
	static const size_t pieces[] = { 100, 4096, BUNDLE_BLOCK_BYTES };
	const size_t len = make_frame();
	struct unpack *unpack;

	(void)state;
	assert_int_equal(unpack_open(&unpack), 0);
	for (size_t i = 0; i < 3; i++) {	/* one after another in the same process */
		struct memory got = { 0 };
		const struct cow_sink sink = memory_sink(&got);
		struct unzip_end end = { 0 };

		assert_int_equal(unpack_begin(unpack), 0);
		for (size_t at = 0; at < len; at += end.used_bytes) {
			size_t piece = len - at < pieces[i] ? len - at : pieces[i];

			assert_false(end.is_ended);
			assert_int_equal(unpack_piece(unpack, frame + at, piece, &sink, &end), 0);
			assert_int_equal(end.used_bytes, piece);
		}
		assert_true(end.is_ended);
		assert_int_equal(got.len_bytes, sizeof(text));
		assert_memory_equal(got.data, text, sizeof(text));
		free(got.data);
	}
	unpack_close(unpack);
}

static void test_what_follows_is_not_used(void **state)
{
	const size_t len = make_frame();
	struct memory got = { 0 };
	const struct cow_sink sink = memory_sink(&got);
	struct unzip_end end;
	struct unpack *unpack;

	(void)state;
	assert_int_equal(unpack_open(&unpack), 0);
	assert_int_equal(unpack_begin(unpack), 0);
	assert_int_equal(unpack_piece(unpack, frame, len + 7, &sink, &end), 0);
	assert_int_equal(end.used_bytes, len);
	assert_true(end.is_ended);
	unpack_close(unpack);
	free(got.data);
}

static void test_damaged(void **state)
{
	const struct cow_sink sink = { 0 };
	struct unzip_end end;
	struct unpack *unpack;

	(void)state;
	assert_int_equal(unpack_open(&unpack), 0);
	assert_int_equal(unpack_begin(unpack), 0);
	assert_int_equal(unpack_piece(unpack, "no frame", 8, &sink, &end), -EBADMSG);
	assert_string_equal(fail_text(), "Unknown frame descriptor");
	unpack_close(unpack);
}

static int full(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	(void)data;
	(void)len_bytes;
	return -ENOSPC;
}

static void test_the_sink_fails(void **state)
{
	const size_t len = make_frame();
	const struct cow_sink sink = { .write = full };
	struct unzip_end end;
	struct unpack *unpack;

	(void)state;
	assert_int_equal(unpack_open(&unpack), 0);
	assert_int_equal(unpack_begin(unpack), 0);
	assert_int_equal(unpack_piece(unpack, frame, len, &sink, &end), -ENOSPC);
	unpack_close(unpack);
}

static void test_it_is_killed(void **state)
{
	const size_t len = make_frame();
	const struct cow_sink sink = { 0 };
	struct unzip_end end;
	struct unpack *unpack;

	(void)state;
	assert_int_equal(unpack_open(&unpack), 0);
	assert_int_equal(kill(unpack->confined.pid, SIGKILL), 0);
	assert_int_equal(unpack_piece(unpack, frame, len, &sink, &end), -EBADMSG);
	assert_string_equal(fail_text(), "the process that unpacks it has ended");
	unpack_close(unpack);
}

/* ---- Taken over: it answers what it likes ------------------------------------------------------ */

static struct message lie;

static void say_lie(void *ctx, int fd)
{
	static uint8_t bytes[BUNDLE_BLOCK_BYTES];
	struct message ask;

	(void)ctx;
	if (!confine_get(fd, &ask, sizeof(ask)) && !confine_get(fd, bytes, ask.len_bytes) &&
	    !confine_put(fd, &lie, sizeof(lie)))
		(void)confine_get(fd, &ask, sizeof(ask));
}

static void test_lies(void **state)
{
	static const struct message lies[] = {
		{ .word = 0 },
		{ .word = 77 },
		{ .word = WORD_PIECE },
		{ .word = WORD_OUT, .len_bytes = 0 },
		{ .word = WORD_OUT, .len_bytes = BUNDLE_BLOCK_BYTES + 1 },
		{ .word = WORD_OUT, .len_bytes = UINT32_MAX },
		{ .word = WORD_DONE, .len_bytes = 0 },
		{ .word = WORD_DONE, .len_bytes = 7 },
		{ .word = WORD_DONE, .len_bytes = 9 },
		{ .word = WORD_DONE, .len_bytes = UINT32_MAX, .detail = 1 },
		{ .word = WORD_DONE, .len_bytes = 8, .detail = 2 },
	};
	const struct cow_sink sink = { .write = full };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct unpack unpack = { 0 };
		struct unzip_end end;

		lie = lies[i];
		assert_int_equal(confine_start(say_lie, NULL, &unpack.confined), 0);
		assert_int_equal(unpack_piece(&unpack, "8 bytes.", 8, &sink, &end), -EBADMSG);
		assert_string_equal(fail_text(),
				    "the process that unpacks it answers what makes no sense");
		confine_end(&unpack.confined);
	}
}

static void test_a_lie_of_an_error(void **state)
{
	const struct cow_sink sink = { .write = full };
	struct unpack unpack = { 0 };
	struct unzip_end end;

	(void)state;
	lie = (struct message){ .word = WORD_BAD, .detail = UINT32_MAX };
	assert_int_equal(confine_start(say_lie, NULL, &unpack.confined), 0);
	assert_int_equal(unpack_piece(&unpack, "8 bytes.", 8, &sink, &end), -EBADMSG);
	assert_string_equal(fail_text(), "Unspecified error code");
	confine_end(&unpack.confined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_frame_in_pieces),
		cmocka_unit_test(test_what_follows_is_not_used),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_the_sink_fails),
		cmocka_unit_test(test_it_is_killed),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_a_lie_of_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
