/* SPDX-License-Identifier: MIT */
/* Whose image it is: the signature beside it. */
#include "../cow/memory.h"

#include <stdio.h>
#include <unistd.h>

#include "../bundle/keys.h"
#include "recovery/image.h"

static int go_on(void *ctx, uint64_t done_bytes)
{
	*(uint64_t *)ctx = done_bytes;
	return 0;
}

static int judge(const char *image, const char *signature, unsigned needed, uint8_t *ret_hash)
{
	char dir[] = "/tmp/image.XXXXXX", path[64], beside[80];
	struct trust t = { .needed = needed };
	struct dev dev = DEV_CLOSED;
	uint64_t done = 0;
	FILE *f;
	int rc;

	trust_key(&t, "one.pub");
	trust_key(&t, "two.pub");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/i", dir);
	snprintf(beside, sizeof(beside), "%s.minisig", path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(image, f);
	assert_int_equal(fclose(f), 0);
	if (signature) {
		f = fopen(beside, "w");
		assert_non_null(f);
		fputs(signature, f);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(dev_open(path, DEV_READ, &dev), 0);
	rc = image_signed(path, &dev, &t, go_on, &done, ret_hash);
	assert_true(rc != 1 || done == strlen(image));
	dev_close(&dev);
	unlink(beside);
	unlink(path);
	rmdir(dir);
	return rc;
}

static void test_signed(void **state)
{
	uint8_t hash[MINISIGN_HASH_BYTES], want[MINISIGN_HASH_BYTES];
	char both[4096];

	(void)state;
	assert_int_equal(judge("hello\n", golden("hello.minisig").text, 1, hash), 1);
	hash_of("hello\n", 6, want);
	assert_memory_equal(hash, want, sizeof(want));
	snprintf(both, sizeof(both), "%s%s", golden("hello.minisig").text, golden("hello.two.minisig").text);
	assert_int_equal(judge("hello\n", both, 2, hash), 1);
}

static void test_refused(void **state)
{
	uint8_t hash[MINISIGN_HASH_BYTES];

	(void)state;
	assert_int_equal(judge("hello\n", NULL, 1, hash), -EKEYREJECTED);
	assert_string_equal(fail_text(), "it is not signed: its signature would be a file of that name and "
			    ".minisig beside it");
	assert_int_equal(judge("hallo\n", golden("hello.minisig").text, 1, hash), -EKEYREJECTED);
	assert_int_equal(judge("hello\n", golden("hello.minisig").text, 2, hash), -EKEYREJECTED);
	assert_int_equal(judge("hello\n", "", 1, hash), -EKEYREJECTED);
	assert_int_equal(judge("hello\n", "x\n", 1, hash), -EBADMSG);
}

/* Where none is needed, one that is there still has to be right. */
static void test_not_needed(void **state)
{
	uint8_t hash[MINISIGN_HASH_BYTES];

	(void)state;
	assert_int_equal(judge("hello\n", NULL, 0, hash), 0);
	assert_int_equal(judge("hello\n", golden("hello.minisig").text, 0, hash), 1);
	assert_int_equal(judge("hallo\n", golden("hello.minisig").text, 0, hash), -EKEYREJECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
