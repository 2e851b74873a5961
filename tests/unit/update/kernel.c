/* SPDX-License-Identifier: MIT */
/* Which kernels may merge (src/update/kernel.c). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/sys.h"
#include "update/world.h"

static void merging_kernels(void **state)
{
	(void)state;
	assert_true(world_kernel_flushes("6.1.0-44-arm64 #1 SMP Debian 6.1.164-1 (2026-03-09)"));
	assert_true(world_kernel_flushes("5.11.0 #1 SMP"));
	assert_true(world_kernel_flushes("5.10.9 #1 SMP"));
	assert_true(world_kernel_flushes("5.4.91-rt50"));
	assert_true(world_kernel_flushes("5.10.0-32-arm64 #1 SMP Debian 5.10.223-1 (2024-08-10)"));
	assert_true(world_kernel_flushes("10.0"));
}

static void refused_kernels(void **state)
{
	(void)state;
	assert_false(world_kernel_flushes("5.10.8 #1 SMP"));
	assert_false(world_kernel_flushes("5.9.16 #1 SMP"));
	assert_false(world_kernel_flushes("4.19.168"));
	assert_false(world_kernel_flushes("4.18.20"));
	assert_false(world_kernel_flushes("5.10.0-1-arm64 #1 SMP Debian 5.10.4-1 (2020-12-31)"));
	/* Another version's number in the text proves nothing of this one. */
	assert_false(world_kernel_flushes("5.10.0-1-arm64 #1 SMP Debian 5.4.100-1"));
	assert_false(world_kernel_flushes("5.10"));
	assert_false(world_kernel_flushes(""));
	assert_false(world_kernel_flushes("custom"));
}

static const char *running;

int sys_kernel_release(char *buf, size_t size_bytes)
{
	if (!running)
		return -ENAMETOOLONG;
	snprintf(buf, size_bytes, "%s", running);
	return 0;
}

/* The board's word counts for a kernel whose own says nothing; an unknown one has no fix. */
static void the_running_kernel(void **state)
{
	struct conf conf = { .kernel_flushes = false };
	char release[WORLD_RELEASE_MAX];

	(void)state;
	running = "6.1.0";
	assert_true(world_may_merge(&conf, release));
	running = "5.10.0-vendor";
	assert_false(world_may_merge(&conf, release));
	assert_string_equal(release, running);
	conf.kernel_flushes = true;
	assert_true(world_may_merge(&conf, release));
	running = NULL;
	assert_true(world_may_merge(&conf, release));
	conf.kernel_flushes = false;
	assert_false(world_may_merge(&conf, release));
	assert_string_equal(release, "of an unknown release");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merging_kernels),
		cmocka_unit_test(refused_kernels),
		cmocka_unit_test(the_running_kernel),
	};

	return cmocka_run_group_tests_name("update/kernel", tests, NULL, NULL);
}
