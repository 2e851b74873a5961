/* SPDX-License-Identifier: MIT */
/* cowboot image, and the verb within it; argv[0] is "image". They return exit codes. */
#ifndef COWBOOT_HOST_IMAGE_VERB_H
#define COWBOOT_HOST_IMAGE_VERB_H

int host_image(int argc, char **argv);

#endif
