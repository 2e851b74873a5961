/* SPDX-License-Identifier: MIT */
/* cowboot bundle create; argv[0] is "bundle". Returns an exit code. */
#ifndef COWBOOT_HOST_BUNDLE_CREATE_H
#define COWBOOT_HOST_BUNDLE_CREATE_H

int bundle_create(int argc, char **argv);

#endif
