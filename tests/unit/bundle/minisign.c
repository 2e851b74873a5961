/* SPDX-License-Identifier: MIT */
/* Keys and signatures of minisign: its own files are right, and with any bit flipped they are not. */
#include "../cow/memory.h"

#include "base/bytes.h"
#include "keys.h"

static int check(const struct golden *g, const char *key, const char *data, char comment[MINISIGN_COMMENT_MAX])
{
	struct golden k = golden(key);
	const char *cursor = g->text;
	struct minisign_key pub;
	struct minisign_sig sig;
	uint8_t hash[MINISIGN_HASH_BYTES];
	int rc = minisign_key_parse(k.text, k.len_bytes, &pub);

	assert_int_equal(rc, 0);
	rc = minisign_sig_next(&cursor, g->text + g->len_bytes, &sig);
	if (rc != 1)
		return rc ? rc : -ENOENT;
	hash_of(data, strlen(data), hash);
	rc = minisign_sig_check(&sig, &pub, hash);
	if (rc)
		return rc;
	strcpy(comment, sig.comment);
	return minisign_sig_next(&cursor, g->text + g->len_bytes, &sig);
}

static void test_minisigns_own(void **state)
{
	struct golden g = golden("hello.minisig");
	char comment[MINISIGN_COMMENT_MAX];

	(void)state;
	assert_int_equal(check(&g, "one.pub", "hello\n", comment), 0);
	assert_string_equal(comment, "version:1.1\tboard:qemu-virt");
	assert_int_equal(check(&g, "one.pub", "hello", comment), -EKEYREJECTED);
	assert_string_equal(fail_text(), "the signature of key " ONE_ID " is not one of this");
	assert_int_equal(check(&g, "two.pub", "hello\n", comment), -EKEYREJECTED);
}

static void test_key(void **state)
{
	struct golden g = golden("one.pub");
	char id[MINISIGN_ID_TEXT_MAX];
	struct minisign_key key;

	(void)state;
	assert_int_equal(minisign_key_parse(g.text, g.len_bytes, &key), 0);
	minisign_id_text(key.id, id);
	assert_string_equal(id, ONE_ID);
	assert_int_equal(minisign_key_parse(g.text, g.len_bytes - 1, &key), 0);	/* no newline */
	for (size_t len = 0; len < g.len_bytes - 1; len++)
		assert_int_equal(minisign_key_parse(g.text, len, &key), -EBADMSG);
	g.text[g.len_bytes] = 'x';
	assert_int_equal(minisign_key_parse(g.text, g.len_bytes + 1, &key), -EBADMSG);
	g = golden("one.key");
	assert_int_equal(minisign_key_parse(g.text, g.len_bytes, &key), -EBADMSG);
	assert_string_equal(fail_text(), "it is no public key of minisign");
}

/* All but the untrusted comment, which is nobody's. */
static void test_every_bit(void **state)
{
	struct golden g = golden("hello.minisig");
	size_t first = (size_t)(strchr(g.text, '\n') - g.text);
	char comment[MINISIGN_COMMENT_MAX];

	(void)state;
	for (size_t bit = first * 8; bit < g.len_bytes * 8; bit++) {
		int rc;

		/* The id is not signed: it only says whose key to take. */
		if (bit / 8 > first + 2 && bit / 8 < first + 15)
			continue;
		g.text[bit / 8] ^= (char)(1u << bit % 8);
		rc = check(&g, "one.pub", "hello\n", comment);
		assert_true(rc == -EBADMSG || rc == -EKEYREJECTED);
		g.text[bit / 8] ^= (char)(1u << bit % 8);
	}
}

static void test_malformed(void **state)
{
	static const struct { const char *text, *reason; } cases[] = {
		{ "x", "a signature ends before its fourth line" },
		{ "a\nb\nc\n", "a signature ends before its fourth line" },
		{ "a\nb\nc\nd\n", "it holds no signature of minisign" },
		{ "untrusted comment: \nRUSf\nc\nd\n", "it holds no signature of minisign" },
	};
	char comment[MINISIGN_COMMENT_MAX];
	struct golden g;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(g.text, cases[i].text);
		g.len_bytes = strlen(cases[i].text);
		assert_int_equal(check(&g, "one.pub", "hello\n", comment), -EBADMSG);
		assert_string_equal(fail_text(), cases[i].reason);
	}
	g = golden("hello.legacy.minisig");
	assert_int_equal(check(&g, "one.pub", "hello\n", comment), -EBADMSG);
	assert_string_equal(fail_text(), "a signature is of minisign's legacy kind; sign without -l");
}

/* Its length is the caller's to bound, not the writer's. */
static void test_comment_too_long(void **state)
{
	struct golden g = golden("hello.minisig");
	char *comment = strstr(g.text, "version:"), taken[MINISIGN_COMMENT_MAX];
	size_t rest = g.len_bytes - (size_t)(comment - g.text);

	(void)state;
	memmove(comment + 600, comment, rest);
	memset(comment, 'x', 600);
	g.len_bytes += 600;
	assert_int_equal(check(&g, "one.pub", "hello\n", taken), -EBADMSG);
	assert_string_equal(fail_text(), "a signature's trusted comment is longer than 511 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minisigns_own),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_comment_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
