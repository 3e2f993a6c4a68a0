/*
 * massif.c: what Valgrind's Massif writes, for ms_print and massif-visualizer: bytes alive over time, with two trees: at the
 * peak and at the end. Time is in bytes allocated (lives.h). The trees go from the innermost functions outwards.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/lives.h"
#include "export/put.h"
#include "report/escape.h"
#include "trace/array.h"
#include "util.h"

#define THRESHOLD 100            /* of the whole, by which what has a line of its own is divided */

struct branch {                  /* a stack, and what was alive of it; or a line of the tree */
	const uint32_t *places;   /* innermost first */
	size_t    count;
	uint64_t  bytes;
};

struct writer {
	FILE     *file;
	const struct profile *profile;
	char    **names;          /* by place: its line; owned; NULL until needed */
	uint64_t  least;          /* bytes that are a line */
};

/* "0x401136: f (leak.c:12)"; of inlined functions the outermost is where the address is, and the others are told, too. */
static const char *name_of(struct writer *writer, uint32_t number)
{
	const struct profile *profile = writer->profile;
	const struct profile_place *place = &profile->places[number];
	char *name;

	if (writer->names[number])
		return writer->names[number];
	name = xasprintf("0x%" PRIX64 ":", place->address);
	for (uint32_t i = 0; i < place->count; i++) {
		const struct profile_frame *frame = &profile->frames[profile->frame_ids[place->first + i]];
		const struct profile_function *function = &profile->functions[frame->function];
		const char *path = profile_text(profile, function->file);
		char *longer, *where = NULL;

		if (*path)
			where = xasprintf("(%s:%" PRIu32 ")", profile_base_name(path), frame->line);
		else if (function->module)
			where = xasprintf("(in %s)", profile_text(profile, function->module));
		longer = xasprintf("%s%s %s%s%s", name, i ? ", inlined into" : "", profile_text(profile, function->name),
		                   where ? " " : "", where ? where : "");
		free(where);
		free(name);
		name = longer;
	}
	writer->names[number] = escape_text(name);
	free(name);
	return writer->names[number];
}

static int by_stack(const void *left, const void *right)
{
	const struct branch *a = left, *b = right;

	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->places[i] != b->places[i])
			return a->places[i] < b->places[i] ? -1 : 1;
	return (a->count > b->count) - (a->count < b->count);
}

static int by_bytes(const void *left, const void *right)
{
	const struct branch *a = left, *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/*
 * The children of a line: what `stacks`, in their order and the same down to `depth`, go on with. Those that are thin are one,
 * the last. A group keeps its stacks by the address of the first and their count.
 */
static struct branch *group(struct writer *writer, struct branch *stacks, size_t stack_count, size_t depth, size_t *count,
                            struct branch *thin)
{
	struct branch *groups = NULL;
	size_t made = 0;

	*thin = (struct branch){0};
	for (size_t i = 0, next; i < stack_count; i = next) {
		uint64_t bytes = 0;

		next = i;
		if (stacks[i].count <= depth) {
			next++;
			continue;
		}
		while (next < stack_count && stacks[next].count > depth && stacks[next].places[depth] == stacks[i].places[depth])
			bytes += stacks[next++].bytes;
		if (bytes < writer->least || !bytes) {
			thin->bytes += bytes;
			thin->count++;
			continue;
		}
		array_room(groups, made);
		groups[made++] = (struct branch){(const uint32_t *)(const void *)&stacks[i], next - i, bytes};
	}
	if (made)
		qsort(groups, made, sizeof(*groups), by_bytes);
	*count = made;
	return groups;
}

static void put_line(struct writer *writer, size_t depth, size_t children, uint64_t bytes, const char *text)
{
	for (size_t i = 0; i < depth; i++)
		putc_unlocked(' ', writer->file);
	fprintf(writer->file, "n%zu: %" PRIu64 " %s\n", children, bytes, text);
}

static void put_tree(struct writer *writer, struct branch *stacks, size_t stack_count, size_t depth, uint64_t bytes)
{
	size_t count;
	struct branch thin, *groups = group(writer, stacks, stack_count, depth, &count, &thin);

	put_line(writer, depth, count + !!thin.count, bytes,
	         depth ? name_of(writer, stacks[0].places[depth - 1]) : "(heap allocation functions) malloc/new/new[], and others");
	for (size_t i = 0; i < count; i++)
		put_tree(writer, (struct branch *)(uintptr_t)groups[i].places, groups[i].count, depth + 1, groups[i].bytes);
	if (thin.count) {
		char *text = xasprintf("in %zu %s, all below massif's threshold (1.00%%)", thin.count,
		                       thin.count == 1 ? "place" : "places");

		put_line(writer, depth + 1, 0, thin.bytes, text);
		free(text);
	}
	free(groups);
}

/* The tree of what was alive at the peak, or at the end. */
static void put_alive(struct writer *writer, const struct lives *lives, bool at_peak)
{
	struct branch *stacks = xcalloc(writer->profile->site_count + 1, sizeof(*stacks));
	bool *done = xcalloc(lives->count, sizeof(*done));
	size_t count = 0;

	for (size_t i = 0; i < writer->profile->site_count; i++) {
		const struct profile_site *site = &writer->profile->sites[i];
		const struct life *life = life_of(lives, site->stack.index);
		uint64_t bytes = !life ? 0 : at_peak ? life->peak_bytes : life->bytes;
		uint32_t *places = NULL;
		size_t capacity = 0, length;

		if (!life || done[site->stack.index] || !bytes)
			continue;
		done[site->stack.index] = true;
		length = profile_stack(writer->profile, site, &places, &capacity);
		stacks[count++] = (struct branch){places, length, bytes};
	}
	qsort(stacks, count, sizeof(*stacks), by_stack);
	writer->least = (at_peak ? lives->peak_bytes : lives->bytes) / THRESHOLD;
	put_tree(writer, stacks, count, 0, at_peak ? lives->peak_bytes : lives->bytes);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)stacks[i].places);
	free(stacks);
	free(done);
}

static void put_snapshot(FILE *file, size_t number, struct lives_point point, const char *tree)
{
	fprintf(file,
	        "#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRIu64 "\nmem_heap_B=%" PRIu64
	        "\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
	        number, point.time, point.bytes, tree);
}

bool massif_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct writer writer = {.file = file, .profile = profile};
	char *command = command_line(profile->view->processes[0].info), *line = escape_text(command);
	struct lives lives;
	bool good = lives_read(&lives, profile->view, options->domain, NULL, 0), shown = !lives.peak;
	size_t number = 0;

	writer.names = xcalloc(profile->place_count + 1, sizeof(*writer.names));
	fprintf(file, "desc: probe export --format massif; time is in bytes allocated\ncmd: %s\ntime_unit: B\n", line);
	for (size_t i = 0; i < lives.point_count; i++) {
		bool last = i + 1 == lives.point_count;

		if (!shown && (last || lives.points[i].time >= lives.peak_time)) {
			put_snapshot(file, number++, (struct lives_point){lives.peak_time, lives.peak_bytes}, "peak");
			put_alive(&writer, &lives, true);
			shown = true;
		}
		put_snapshot(file, number++, lives.points[i], last ? "detailed" : "empty");
		if (last)
			put_alive(&writer, &lives, false);
	}
	for (size_t i = 0; i < profile->place_count; i++)
		free(writer.names[i]);
	free(writer.names);
	free(command);
	free(line);
	lives_free(&lives);
	return good;
}
