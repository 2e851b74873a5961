/* SPDX-License-Identifier: MIT */
/* cowboot bundle sign, manifest and attach; argv[0] is "bundle". They return exit codes. */
#ifndef COWBOOT_HOST_BUNDLE_SIGN_H
#define COWBOOT_HOST_BUNDLE_SIGN_H

int bundle_sign(int argc, char **argv);
int bundle_manifest_out(int argc, char **argv);
int bundle_attach(int argc, char **argv);

#endif
