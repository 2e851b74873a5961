/* SPDX-License-Identifier: MIT */
/* Mount options, cut into what mount(2) takes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "conf/conf.h"

static void check(const char *options, unsigned long want_flags, const char *want_data)
{
	char data[CONF_OPTIONS_MAX];
	unsigned long flags = 77;

	assert_int_equal(conf_mount_flags(options, &flags, data, sizeof(data)), 0);
	assert_true(flags == want_flags);
	assert_string_equal(data, want_data);
}

static void test_split(void **state)
{
	(void)state;
	check("", 0, "");
	check("defaults", 0, "");
	check("ro", MS_RDONLY, "");
	check("ro,noatime,nosuid,nodev,noexec", MS_RDONLY | MS_NOATIME | MS_NOSUID | MS_NODEV |
	      MS_NOEXEC, "");
	check("rw,data=ordered,noatime,commit=60", MS_NOATIME, "data=ordered,commit=60");
	check("nofail,x-systemd.device-timeout=5,_netdev,noauto", 0, "");
	check("sync,dirsync,lazytime,strictatime,relatime,nodiratime,silent",
	      MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME | MS_STRICTATIME | MS_RELATIME |
	      MS_NODIRATIME | MS_SILENT, "");
	check(",,ro,,a,", MS_RDONLY, "a");
	check("rw,noatime,X-mount.mkdir,x-gvfs-show,comment=us,uhelper=udisks2,helper=nfs,acl",
	      MS_NOATIME, "acl");
	check("users,user,owner,group", 0, "");
	check("nouser,nousers,noowner,nogroup", 0, "");
	check("commented,helpers,useful", 0, "commented,helpers,useful");
	check("rox,errors=remount-ro,norecovery", 0, "rox,errors=remount-ro,norecovery");
}

static void test_last_wins(void **state)
{
	(void)state;
	check("ro,rw", 0, "");
	check("rw,ro", MS_RDONLY, "");
	check("nosuid,suid,nodev,dev,noexec,exec,sync,async,noatime,atime", 0, "");
	check("lazytime,nolazytime,relatime,norelatime,silent,loud", 0, "");
}

static void test_bounds(void **state)
{
	char data[8] = "old", big[2 * CONF_OPTIONS_MAX];
	unsigned long flags = 77;

	(void)state;
	assert_int_equal(conf_mount_flags("ro,abc,def", &flags, data, 8), 0);
	assert_string_equal(data, "abc,def");
	flags = 77;
	assert_int_equal(conf_mount_flags("ro,abc,defg", &flags, data, 8), -ENAMETOOLONG);
	assert_int_equal(conf_mount_flags("ro", &flags, data, 0), -ENAMETOOLONG);
	assert_string_equal(data, "abc,def");
	assert_true(flags == 77);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	big[CONF_OPTIONS_MAX] = '\0';
	assert_int_equal(conf_mount_flags(big, &flags, big, sizeof(big)), -ENAMETOOLONG);
	big[CONF_OPTIONS_MAX - 1] = '\0';
	assert_int_equal(conf_mount_flags(big, &flags, big, sizeof(big)), 0);
	assert_int_equal(strlen(big), CONF_OPTIONS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
