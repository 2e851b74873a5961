/* SPDX-License-Identifier: MIT */
/* How many of whose signatures are enough. */
#include "../cow/memory.h"

#include "base/bytes.h"
#include "keys.h"

static int judge(const struct trust *t, const char *first, const char *second, const char *data)
{
	uint8_t hash[MINISIGN_HASH_BYTES];
	char text[4096] = "";

	if (first)
		strcat(text, golden(first).text);
	if (second)
		strcat(text, golden(second).text);
	hash_of(data, strlen(data), hash);
	return trust_check(t, text, strlen(text), hash);
}

#define ONE "hello.minisig"
#define TWO "hello.two.minisig"

static void test_one_of_two(void **state)
{
	struct trust t = { .needed = 1 };

	(void)state;
	trust_key(&t, "one.pub");
	trust_key(&t, "three.pub");
	assert_int_equal(judge(&t, ONE, NULL, "hello\n"), 0);
	assert_int_equal(judge(&t, TWO, ONE, "hello\n"), 0);	/* an unknown one does no harm */
	assert_int_equal(judge(&t, ONE, TWO, "hello\n"), 0);
	assert_int_equal(judge(&t, NULL, NULL, "hello\n"), -EKEYREJECTED);
	assert_string_equal(fail_text(), "it is not signed, and 1 signature is needed");
	assert_int_equal(judge(&t, TWO, NULL, "hello\n"), -EKEYREJECTED);
	assert_string_equal(fail_text(),
			    "signatures by 1 known key are needed, and it has 0; 1 is by keys that are not "
			    "known here");
	assert_int_equal(judge(&t, ONE, NULL, "hallo\n"), -EKEYREJECTED);
}

static void test_two_of_three(void **state)
{
	struct trust t = { .needed = 2 };

	(void)state;
	trust_key(&t, "one.pub");
	trust_key(&t, "two.pub");
	trust_key(&t, "three.pub");
	assert_int_equal(judge(&t, ONE, TWO, "hello\n"), 0);
	assert_int_equal(judge(&t, ONE, NULL, "hello\n"), -EKEYREJECTED);
	assert_string_equal(fail_text(),
			    "signatures by 2 known keys are needed, and it has 1; 0 are by keys that are not "
			    "known here");
	assert_int_equal(judge(&t, ONE, ONE, "hello\n"), -EKEYREJECTED);
	assert_string_equal(fail_text(), "key " ONE_ID " has signed it twice");
}

/* A key that is there twice, under whatever id, is one key. */
static void test_a_key_twice(void **state)
{
	struct trust t = { .needed = 2 };

	(void)state;
	trust_key(&t, "one.pub");
	trust_key(&t, "one.pub");
	assert_int_equal(t.count, 1);
	t.key[0].id[0] ^= 1;
	trust_key(&t, "one.pub");
	assert_int_equal(t.count, 1);
	/* Another key of the same id does not hide it. */
	t.key[0].id[0] ^= 1;
	t.needed = 1;
	t.count = 2;
	t.key[1] = t.key[0];
	t.key[0].key[0] ^= 1;
	assert_int_equal(judge(&t, ONE, NULL, "hello\n"), 0);
}

/* A known key's wrong signature is not outvoted. */
static void test_a_wrong_one_counts(void **state)
{
	struct trust t = { .needed = 1 };
	uint8_t hash[MINISIGN_HASH_BYTES];
	char text[4096];
	char *second;

	(void)state;
	trust_key(&t, "one.pub");
	trust_key(&t, "two.pub");
	strcpy(text, golden(ONE).text);
	second = text + strlen(text);
	strcpy(second, golden(TWO).text);
	strstr(second, "by two")[0] = 'B';
	hash_of("hello\n", 6, hash);
	assert_int_equal(trust_check(&t, text, strlen(text), hash), -EKEYREJECTED);
	assert_non_null(strstr(fail_text(), "the trusted comment beside the signature of key "));
	assert_int_equal(trust_check(&t, text, strlen(text) - 1, hash), -EBADMSG);
	assert_int_equal(trust_check(&t, text, (size_t)(second - text), hash), 0);
	assert_int_equal(trust_check(&t, text, (size_t)(second - text) + 5, hash), -EBADMSG);
}

static void test_none_needed(void **state)
{
	struct trust t = { .needed = 0 };

	(void)state;
	assert_int_equal(judge(&t, NULL, NULL, "hello\n"), 0);
	assert_int_equal(judge(&t, ONE, NULL, "hello\n"), 0);
	trust_key(&t, "one.pub");
	assert_int_equal(judge(&t, ONE, NULL, "hallo\n"), -EKEYREJECTED);
}

static void test_too_many_keys(void **state)
{
	struct golden g = golden("one.pub");
	struct trust t = { .count = TRUST_KEYS_MAX };

	(void)state;
	assert_int_equal(trust_add(&t, g.text, g.len_bytes), -E2BIG);
	assert_string_equal(fail_text(), "there are more than 16 keys");
	assert_int_equal(trust_add(&t, "x", 1), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_two),
		cmocka_unit_test(test_two_of_three),
		cmocka_unit_test(test_a_key_twice),
		cmocka_unit_test(test_a_wrong_one_counts),
		cmocka_unit_test(test_none_needed),
		cmocka_unit_test(test_too_many_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
