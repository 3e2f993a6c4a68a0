/*
 * dhat.c: what Valgrind's DHAT writes, for its viewer and the Firefox Profiler: a program point for each stack with its blocks'
 * sums, lifetimes, and what was alive of it at most, at the process's peak, and at the end. Time is in bytes allocated
 * (lives.h).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/lives.h"
#include "export/put.h"
#include "names/cache.h"
#include "trace/array.h"
#include "util.h"

#define SHORT 1024               /* a block that lived less long is called short-lived by the viewer: bytes */

struct writer {
	FILE     *file;
	struct profile *profile;
	struct cache texts;       /* of frames: their numbers + 1 */
	uint32_t  text_count;
	uint32_t *first;          /* by place: where its frames begin in … */
	uint32_t *numbers;        /* … these, of texts; owned, both */
	struct cache stacks;      /* by the numbers of their frames: their groups + 1 */
	uint32_t *groups;         /* by node id; owned */
	struct group { uint32_t *frames; size_t count; } *list; size_t count; /* owned */
};

static uint32_t number_of(struct cache *cache, const void *key, size_t size, size_t next)
{
	struct cache_entry *entry = cache_at(cache, key, size);

	if (!entry->value)
		entry->value = (void *)(uintptr_t)(next + 1);
	return (uint32_t)((uintptr_t)entry->value - 1);
}

/* "0x401136: main (leak.c:12)". To be freed. */
static char *frame_text(const struct profile *profile, const struct profile_place *place, uint32_t number)
{
	const struct profile_frame *frame = &profile->frames[profile->frame_ids[place->first + number]];
	const struct profile_function *function = &profile->functions[frame->function];
	const char *path = profile_text(profile, function->file ? function->file : function->module);
	char *where = frame->line ? xasprintf("%s:%" PRIu32, path, frame->line) : xstrdup(path);
	char *text = xasprintf("0x%" PRIX64 ": %s%s%s%s", place->address, profile_text(profile, function->name),
	                       *where ? " (" : "", where, *where ? ")" : "");

	free(where);
	return text;
}

/* The table of frames, in which each text is once. */
static void put_frames(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	uint32_t used = 0;

	writer->first = xcalloc(profile->place_count + 1, sizeof(*writer->first));
	writer->numbers = xcalloc(profile->frame_id_count + 1, sizeof(*writer->numbers));
	fputs_unlocked("\"ftbl\":[\"[root]\"", writer->file);
	for (size_t i = 0; i < profile->place_count; i++) {
		writer->first[i] = used;
		for (uint32_t frame = 0; frame < profile->places[i].count; frame++) {
			char *text = frame_text(profile, &profile->places[i], frame);
			uint32_t number = number_of(&writer->texts, text, strlen(text), writer->text_count);

			if (number == writer->text_count) {
				writer->text_count++;
				fputs_unlocked(",\n", writer->file);
				put_json(writer->file, text);
			}
			writer->numbers[used++] = number + 1;
			free(text);
		}
	}
	putc_unlocked(']', writer->file);
}

/* Stacks of the same frames must be one program point, though a runtime made their code twice. */
static void make_groups(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	size_t nodes = profile->view->processes[0].info->node_count + TRACE_FIRST_NODE, capacity = 0;
	uint32_t *places = NULL;

	writer->groups = xmalloc(nodes * sizeof(*writer->groups));
	memset(writer->groups, 0xff, nodes * sizeof(*writer->groups));
	for (size_t i = 0; i < profile->site_count; i++) {
		const struct profile_site *site = &profile->sites[i];
		size_t depth = profile_stack(profile, site, &places, &capacity), count = 0;
		uint32_t *frames = NULL, group;

		for (size_t at = 0; at < depth; at++)
			for (uint32_t frame = 0; frame < profile->places[places[at]].count; frame++) {
				array_room(frames, count);
				frames[count++] = writer->numbers[writer->first[places[at]] + frame];
			}
		group = number_of(&writer->stacks, frames ? (void *)frames : (void *)&count, count * sizeof(*frames), writer->count);
		if (site->stack.index < nodes)
			writer->groups[site->stack.index] = group;
		if (group < writer->count) {
			free(frames);
			continue;
		}
		array_room(writer->list, writer->count);
		writer->list[writer->count++] = (struct group){frames, count};
	}
	free(places);
}

static void put_value(FILE *file, const char *key, uint64_t value)
{
	fprintf(file, ",\"%s\":", key);
	put_number(file, value);
}

static void put_points(const struct writer *writer, const struct lives *lives)
{
	FILE *file = writer->file;

	for (size_t i = 0; i < writer->count && !ferror_unlocked(file); i++) {
		const struct life *life = &lives->lives[i];

		fprintf(file, "%s\n{\"tb\":%" PRIu64, i ? "," : "", life->bytes_allocated);
		put_value(file, "tbk", life->allocs);
		put_value(file, "tl", life->time);
		put_value(file, "mb", life->most_bytes);
		put_value(file, "mbk", life->most_blocks);
		put_value(file, "gb", life->peak_bytes);
		put_value(file, "gbk", life->peak_blocks);
		put_value(file, "eb", life->bytes);
		put_value(file, "ebk", life->blocks);
		fputs_unlocked(",\"fs\":[", file);
		for (size_t frame = 0; frame < writer->list[i].count; frame++) {
			if (frame)
				putc_unlocked(',', file);
			put_number(file, writer->list[i].frames[frame]);
		}
		fputs_unlocked("]}", file);
	}
}

bool dhat_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	const struct process_info *info = profile->view->processes[0].info;
	struct writer writer = {.file = file, .profile = profile};
	char *command = command_line(info);
	struct lives lives;
	bool good;

	fputs_unlocked("{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":false,\"tu\":\"B\","
	               "\"Mtu\":\"MB\"", file);
	put_value(file, "tuth", SHORT);
	fputs_unlocked(",\"cmd\":", file);
	put_json(file, profile_text(profile, profile_text_of(profile, command)));
	put_value(file, "pid", info->header.pid);
	fputs_unlocked(",\n", file);
	put_frames(&writer);
	make_groups(&writer);
	good = lives_read(&lives, profile->view, options->domain, writer.groups, writer.count);
	put_value(file, "te", lives.time);
	put_value(file, "tg", lives.peak_time);
	fputs_unlocked(",\"pps\":[", file);
	put_points(&writer, &lives);
	fputs_unlocked("]}\n", file);
	for (size_t i = 0; i < writer.count; i++)
		free(writer.list[i].frames);
	free(writer.list);
	free(writer.groups);
	free(writer.first);
	free(writer.numbers);
	cache_free(&writer.texts, NULL);
	cache_free(&writer.stacks, NULL);
	free(command);
	lives_free(&lives);
	return good;
}
