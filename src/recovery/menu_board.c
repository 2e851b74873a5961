/* SPDX-License-Identifier: MIT */
/*
 * The board as the menu opens it, and what it has done apart, in processes of their own.
 *
 * Holds I3 and I5: volumes are mapped only as decide() says, by the same call that the boot makes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fail.h"
#include "base/sys.h"
#include "map/dm.h"
#include "recovery/menu.h"
#include "update/mend.h"
#include "update/volumes.h"

#define EXIT_NO_PROGRAM 127

void menu_failed(void)
{
	char line[FAIL_TEXT_MAX];

	(void)snprintf(line, sizeof(line), "%s", fail_text());
	text_blot(line);
	(void)fflush(stdout);
	fprintf(stderr, "cowboot: %s\n", line);
}

int menu_open(struct menu_board *b, const char *verb, enum world_access access)
{
	int rc = world_open(&b->world, &b->conf, NULL, verb, access);

	if (rc)
		menu_failed();
	return rc;
}

void menu_close(struct menu_board *b)
{
	world_close(&b->world);
}

int menu_map(struct menu_board *b, const char *verb, enum plan_map map)
{
	struct dm_state state;
	struct facts facts;
	struct plan plan;
	int rc = menu_open(b, verb, WORLD_CHANGE);

	if (rc)
		return -EIO;
	world_facts(&b->world, &facts);
	facts.recovery_asked = false;
	plan = decide(&facts);
	if (plan.then != THEN_BOOT || (plan.map != map && !plan_merges(&plan))) {
		printf("cannot %s: %s\n", verb, reason_text(plan.reason));
		return -EPERM;
	}
	/* Left mapped by a merge that was stopped: the transition that follows judges that for itself. */
	if (b->conf.volume_count && dm_state(b->conf.volume[0].name, &state) == 0)
		return 0;
	/* As the boot does it: what the disk has lost of the merge comes before anything is mapped. */
	if ((plan.persist == PERSIST_MEND && mend_volumes(&b->world) < 0) ||
	    volumes_map(&b->world, plan.map) < 0) {
		menu_failed();
		return -EIO;
	}
	return 0;
}

int menu_apart(int (*work)(void *ctx), void *ctx)
{
	int code, rc = child_wait(work, ctx, &code);

	if (rc)
		printf("cannot start a process: %s\n", strerror(-rc));
	else if (code < 0)
		printf("\nended by signal %d\n", -code);
	return rc || code < 0 ? -1 : code;
}

struct program {
	const char *path;
	char *const *argv;
};

static int run_program(void *ctx)
{
	const struct program *program = ctx;

	sys_exec(program->path, program->argv, environ);
	return EXIT_NO_PROGRAM;
}

int menu_program(const char *path, char *const argv[])
{
	struct program one = { path, argv };

	return menu_apart(run_program, &one);
}
