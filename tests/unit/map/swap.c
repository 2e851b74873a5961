/* SPDX-License-Identifier: MIT */
/* A swap that the kernel does not carry out, over single steps that stand for src/map/task.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "map/dm.h"
#include "map/task.h"

#include <cmocka.h>

#define TABLE "254:4 253:1 P 8"

/* One device: a live snapshot, perhaps a table behind it, as the kernel keeps them. */
static struct {
	bool loaded, suspended, merging;
	bool leaves_suspended;	/* as do_resume does when dm_swap_table fails */
	unsigned fails;		/* so many swaps */
	bool anothers;		/* its uuid is not ours */
} dev;
static const char *status;

void dm_setup(void)
{
}

const char *task_target_word(enum dm_target target)
{
	static const char *const words[] = { "linear", "snapshot", "snapshot-merge", "other" };

	return words[target];
}

int task_create(const char *name)
{
	(void)name;
	return 0;
}

int task_load(const char *name, bool readonly, enum dm_target target, uint64_t size_sectors,
	      const char *params)
{
	(void)name, (void)readonly, (void)target, (void)size_sectors;
	assert_string_equal(params, TABLE);
	dev.loaded = true;
	return 0;
}

int task_load_pieces(const char *name, bool readonly, struct map_disk disk,
		     const struct extent *pieces, unsigned count)
{
	(void)name, (void)readonly, (void)disk, (void)pieces, (void)count;
	return 0;
}

int task_compare_pieces(const char *name, struct map_disk disk, const struct extent *pieces,
			unsigned count)
{
	(void)name, (void)disk, (void)pieces, (void)count;
	return 0;
}

int task_resume(const char *name)
{
	if (dev.loaded && dev.fails) {
		dev.fails--;
		dev.loaded = false; /* the kernel destroys it */
		dev.suspended = dev.leaves_suspended;
		return fail_sys(ENOMEM, "cannot resume device %s", name);
	}
	dev.merging |= dev.loaded;
	dev.loaded = dev.suspended = false;
	return 0;
}

int task_clear(const char *name)
{
	(void)name;
	dev.loaded = false;
	return 0;
}

int task_remove(const char *name)
{
	(void)name;
	return 0;
}

int task_look(const char *name, enum task_what what, struct task_look *ret_look)
{
	(void)name;
	*ret_look = (struct task_look){ .size_sectors = 800, .suspended = dev.suspended,
					.ours = !dev.anothers };
	strcpy(ret_look->target, dev.merging ? "snapshot-merge" : "snapshot");
	strcpy(ret_look->params, what == TASK_TABLE ? TABLE : status);
	return 0;
}

static int swap(void)
{
	return dm_swap_to_merge("system", true, 800, (struct map_disk){ 254, 4 },
				(struct map_disk){ 253, 1 }, 8);
}

static void a_failed_swap_leaves_the_device_running(void **state)
{
	(void)state;
	status = "24/48 16";
	for (int suspended = 0; suspended < 2; suspended++) {
		memset(&dev, 0, sizeof(dev));
		dev.fails = 1;
		dev.leaves_suspended = suspended;
		assert_int_equal(swap(), -ENOMEM);
		assert_non_null(strstr(fail_text(), "cannot resume device system"));
		assert_false(dev.suspended || dev.loaded || dev.merging);
		/* And can be tried again. */
		assert_int_equal(swap(), 0);
		assert_true(dev.merging);
	}
}

/* I7 */
static void a_failed_merge_is_not_touched(void **state)
{
	(void)state;
	memset(&dev, 0, sizeof(dev));
	dev.merging = dev.suspended = true;
	status = "Merge failed";
	assert_int_equal(swap(), -EIO);
	assert_true(dev.suspended && !dev.loaded);
}

static void anothers_is_not_swapped(void **state)
{
	(void)state;
	status = "24/48 16";
	memset(&dev, 0, sizeof(dev));
	dev.anothers = true;
	assert_int_equal(swap(), -EEXIST);
	assert_string_equal(fail_text(), "cannot swap the table of system: it is not cowboot's");
	assert_int_equal(dm_swap_to_linear("system", true, 800, (struct map_disk){ 254, 4 }),
			 -EEXIST);
	assert_false(dev.loaded || dev.merging);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anothers_is_not_swapped),
		cmocka_unit_test(a_failed_swap_leaves_the_device_running),
		cmocka_unit_test(a_failed_merge_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
