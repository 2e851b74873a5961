/* SPDX-License-Identifier: MIT */
/* Finding the partitions and loading the record.  Must never write to any disk. */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "update/slots.h"

/* Where it is not there, but twice, twice (may be NULL) gets that in words. */
static bool find_one(const char *what, const char *spec, uint64_t deadline_ms,
		     struct part *ret_part, char *twice)
{
	int rc = find_part(spec, deadline_ms, ret_part);
	const char *which;

	if (rc == 0)
		return true;
	log_warn("%s: %s", what, fail_text());
	if (rc != -ENOTUNIQ || !twice)
		return false;
	/* Behind the colon stands who answers; the log has all of it. */
	which = strrchr(fail_text(), ':');
	snprintf(twice, RECORD_REASON_MAX, "two partitions are called %s%.*s", what,
		 RECORD_REASON_MAX - 64, which ? which : "");
	return false;
}

struct named_part {
	const char *name;
	const struct part *part;
	bool *has;
};

/* Two names for one partition would map it twice; neither can be trusted then. */
static void refuse_twice(const struct named_part *a, const struct named_part *b)
{
	if (!*a->has || !*b->has || a->part->major != b->part->major ||
	    a->part->minor != b->part->minor)
		return;
	log_error("%s and %s are both %s: the configuration names one partition twice", a->name,
		  b->name, a->part->path);
	*a->has = *b->has = false;
}

static void refuse_doubles(struct world *w)
{
	struct named_part all[CONF_VOLUMES_MAX + 3] = {
		{ "meta", &w->meta_part, &w->has_meta },
		{ "data", &w->data_part, &w->has_data },
		{ "store", &w->store_part, &w->has_store_part },
	};
	unsigned count = 3;

	for (unsigned i = 0; i < w->conf->volume_count; i++)
		all[count++] = (struct named_part){ w->conf->volume[i].name, &w->volume_part[i],
						    &w->has_volume[i] };
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++)
			refuse_twice(&all[i], &all[k]);
}

void world_find(struct world *w, const struct conf *conf, uint64_t deadline_ms)
{
	char meta_twice[RECORD_REASON_MAX] = "";

	memset(w, 0, sizeof(*w));
	w->conf = conf;
	w->meta.fd = -1;
	for (unsigned i = 0; i < conf->volume_count; i++)
		w->has_volume[i] = find_one(conf->volume[i].name, conf->volume[i].spec, deadline_ms,
					    &w->volume_part[i], w->twice);
	w->has_meta = find_one("meta", conf->meta, deadline_ms, &w->meta_part, meta_twice);
	w->meta_twice = meta_twice[0];
	if (w->meta_twice)
		memcpy(w->twice, meta_twice, sizeof(w->twice));
	if (conf->data.spec[0])
		w->has_data = find_one("data", conf->data.spec, deadline_ms, &w->data_part, NULL);
	if (conf->store[0])
		w->has_store_part = find_one("store", conf->store, deadline_ms, &w->store_part,
					     NULL);
	if (conf->esp[0])
		w->has_esp = find_one("esp", conf->esp, deadline_ms, &w->esp_part, NULL);
	refuse_doubles(w);
}

int world_load(struct world *w, enum dev_mode mode)
{
	int rc;

	record_clear(&w->record);
	w->copies.health = RECORD_DAMAGED;
	if (!w->has_meta)
		return fail(ENODEV, "cannot read the record: no partition %s", w->conf->meta);
	rc = dev_open(w->meta_part.path, mode, &w->meta);
	if (rc < 0)
		return rc;
	/* A flush that failed leaves pages that read as written and are not on the medium. */
	if (dev_drop_cache(&w->meta) < 0)
		log_warn("%s", fail_text());
	slots_load(w);
	return copies_load(&w->meta, &w->record, &w->copies);
}

int world_volume(const struct world *w, unsigned v)
{
	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (strcmp(w->conf->volume[i].name, w->record.volume[v].name) == 0)
			return (int)i;
	return -1;
}

void world_close(struct world *w)
{
	dev_close(&w->meta);
}

int world_store_dir(const struct world *w, char *buf, size_t size_bytes)
{
	if (!w->data_dir)
		return fail(ENODEV, "cannot reach the stores: data is not mounted");
	if ((size_t)snprintf(buf, size_bytes, "%s/cowboot", w->data_dir) >= size_bytes)
		return fail(ENAMETOOLONG, "cannot reach the stores: the path %s is too long",
			    w->data_dir);
	return 0;
}
