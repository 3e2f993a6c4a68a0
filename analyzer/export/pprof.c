/*
 * pprof.c: a profile for pprof (profile.proto, gzipped), with the sample types and in the order of Go's: of the heap
 * alloc_objects, alloc_space, inuse_objects, inuse_space; of the CPU samples, cpu, and what else was counted. A sample is a site, its locations leaf first; a location is a place, whose lines are its inlined functions, innermost first.
 * All ids begin at 1.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "export/formats.h"
#include "export/protobuf.h"
#include "util.h"

/* Numbers of fields, as profile.proto has them. */
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION, PROFILE_FUNCTION, PROFILE_STRING,
       PROFILE_TIME = 9, PROFILE_PERIOD_TYPE = 11, PROFILE_PERIOD = 12, PROFILE_DEFAULT_TYPE = 14 };
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_TEXT };
enum { MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILE, MAPPING_BUILD_ID, MAPPING_FUNCTIONS,
       MAPPING_FILES, MAPPING_LINES, MAPPING_INLINED };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_OF_FUNCTION = 1, LINE_NUMBER, LINE_COLUMN };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE, FUNCTION_LINE };

#define PACKED (64u << 10)        /* bytes, compressed at once */

struct type { const char *type, *unit; enum profile_value value; };

static const struct type heap_types[] = {
	{"alloc_objects", "count", VALUE_ALLOCS}, {"alloc_space", "bytes", VALUE_BYTES},
	{"inuse_objects", "count", VALUE_LIVE_BLOCKS}, {"inuse_space", "bytes", VALUE_LIVE_BYTES},
};
static const struct type cpu_types[] = {
	{"samples", "count", VALUE_SAMPLES}, {"cpu", "nanoseconds", VALUE_CPU},
	{"instructions", "count", VALUE_INSTRUCTIONS}, {"cycles", "count", VALUE_CYCLES},
	{"cache_misses", "count", VALUE_CACHE_MISSES}, {"page_faults", "count", VALUE_PAGE_FAULTS},
};
#define TYPES 6                   /* most */

struct writer {
	FILE     *file;           /* not owned */
	struct profile *profile;
	z_stream  packer;
	struct message whole;     /* fields of the profile that are not yet compressed */
	struct message inner, innermost;
	const struct type *types[TYPES]; size_t type_count;
};

static void pack(struct writer *writer, int flush)
{
	unsigned char packed[PACKED];

	writer->packer.next_in = writer->whole.bytes;
	writer->packer.avail_in = (unsigned)writer->whole.size;
	do {
		writer->packer.next_out = packed;
		writer->packer.avail_out = sizeof(packed);
		deflate(&writer->packer, flush);
		fwrite(packed, 1, sizeof(packed) - writer->packer.avail_out, writer->file);
	} while (!writer->packer.avail_out);
	writer->whole.size = 0;
}

/* `inner` as a field of the profile. */
static void end_field(struct writer *writer, unsigned field)
{
	message_message(&writer->whole, field, &writer->inner);
	if (writer->whole.size > PACKED)
		pack(writer, Z_NO_FLUSH);
}

static void write_type(struct writer *writer, unsigned field, const char *type, const char *unit)
{
	message_number(&writer->inner, TYPE_TYPE, profile_text_of(writer->profile, type));
	message_number(&writer->inner, TYPE_UNIT, profile_text_of(writer->profile, unit));
	end_field(writer, field);
}

static void write_label(struct writer *writer, const char *key, uint32_t text)
{
	if (!text)
		return;
	message_number(&writer->innermost, LABEL_KEY, profile_text_of(writer->profile, key));
	message_number(&writer->innermost, LABEL_TEXT, text);
	message_message(&writer->inner, SAMPLE_LABEL, &writer->innermost);
}

static uint32_t thread_text(struct profile *profile, const struct profile_site *site)
{
	const struct process_info *info = profile->view->processes[site->process].info;
	const struct thread_info *thread = site->cpu->thread < info->thread_count ? &info->threads[site->cpu->thread] : NULL;

	return thread && thread->name ? profile_text_of(profile, thread->name) : 0;
}

static void write_samples(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	uint32_t *places = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < profile->site_count && !ferror_unlocked(writer->file); i++) {
		const struct profile_site *site = &profile->sites[i];
		size_t count = profile_stack(profile, site, &places, &capacity);

		for (size_t at = 0; at < count; at++)
			message_varint(&writer->innermost, places[at] + 1);
		message_message(&writer->inner, SAMPLE_LOCATION, &writer->innermost);
		for (size_t type = 0; type < writer->type_count; type++)
			message_varint(&writer->innermost, site->values[writer->types[type]->value]);
		message_message(&writer->inner, SAMPLE_VALUE, &writer->innermost);
		write_label(writer, "process", profile->processes[site->process].name);
		write_label(writer, "type", site->type);
		if (site->cpu)
			write_label(writer, "thread", thread_text(writer->profile, site));
		end_field(writer, PROFILE_SAMPLE);
	}
	free(places);
}

static uint32_t build_id_text(struct profile *profile, const struct module *module)
{
	char *text = xcalloc(module->build_id_size + 1, 2);
	uint32_t made;

	for (uint32_t i = 0; i < module->build_id_size; i++)
		sprintf(text + 2 * i, "%02x", module->build_id[i]);
	made = profile_text_of(profile, text);
	free(text);
	return made;
}

/* That functions have names is always said, for all that can be known is here: pprof need not look for binaries. */
static void write_mappings(struct writer *writer)
{
	for (size_t i = 0; i < writer->profile->mapping_count; i++) {
		const struct profile_mapping *mapping = &writer->profile->mappings[i];

		message_number(&writer->inner, MAPPING_ID, i + 1);
		message_number(&writer->inner, MAPPING_START, mapping->module->start);
		message_number(&writer->inner, MAPPING_LIMIT, mapping->module->end);
		message_number(&writer->inner, MAPPING_FILE, mapping->path);
		message_number(&writer->inner, MAPPING_BUILD_ID, build_id_text(writer->profile, mapping->module));
		message_number(&writer->inner, MAPPING_FUNCTIONS, 1);
		message_number(&writer->inner, MAPPING_FILES, 1);
		message_number(&writer->inner, MAPPING_LINES, 1);
		message_number(&writer->inner, MAPPING_INLINED, 1);
		end_field(writer, PROFILE_MAPPING);
	}
}

static void write_locations(struct writer *writer)
{
	const struct profile *profile = writer->profile;

	for (size_t i = 0; i < profile->place_count; i++) {
		const struct profile_place *place = &profile->places[i];

		if (!place->count)
			continue;
		message_number(&writer->inner, LOCATION_ID, i + 1);
		message_number(&writer->inner, LOCATION_MAPPING, place->mapping == PROFILE_NONE ? 0 : place->mapping + 1);
		message_number(&writer->inner, LOCATION_ADDRESS, place->address);
		for (uint32_t at = 0; at < place->count; at++) {
			const struct profile_frame *frame = &profile->frames[profile->frame_ids[place->first + at]];

			message_number(&writer->innermost, LINE_OF_FUNCTION, frame->function + 1);
			message_number(&writer->innermost, LINE_NUMBER, frame->line);
			message_number(&writer->innermost, LINE_COLUMN, frame->column);
			message_message(&writer->inner, LOCATION_LINE, &writer->innermost);
		}
		end_field(writer, PROFILE_LOCATION);
	}
}

static void write_functions(struct writer *writer)
{
	for (size_t i = 0; i < writer->profile->function_count; i++) {
		const struct profile_function *function = &writer->profile->functions[i];

		message_number(&writer->inner, FUNCTION_ID, i + 1);
		message_number(&writer->inner, FUNCTION_NAME, function->name);
		message_number(&writer->inner, FUNCTION_SYSTEM_NAME, function->name);
		message_number(&writer->inner, FUNCTION_FILE, function->file);
		message_number(&writer->inner, FUNCTION_LINE, function->line);
		end_field(writer, PROFILE_FUNCTION);
	}
}

/* The last field, for all others add to it. */
static void write_texts(struct writer *writer)
{
	for (size_t i = 0; i < writer->profile->text_count; i++) {
		const char *text = profile_text(writer->profile, (uint32_t)i);

		message_bytes(&writer->whole, PROFILE_STRING, text, strlen(text));
		if (writer->whole.size > PACKED)
			pack(writer, Z_NO_FLUSH);
	}
}

/* Counters that were not counted are none. */
static void choose_types(struct writer *writer, bool sampled)
{
	const struct type *types = sampled ? cpu_types : heap_types;
	size_t count = sampled ? sizeof(cpu_types) / sizeof(*cpu_types) : sizeof(heap_types) / sizeof(*heap_types);

	for (size_t i = 0; i < count; i++)
		if (!sampled || i < 2 || writer->profile->totals[types[i].value])
			writer->types[writer->type_count++] = &types[i];
}

static uint64_t period_of(const struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++)
		if (view->processes[i].info->cpu && view->processes[i].info->cpu->sampling.period_ns)
			return view->processes[i].info->cpu->sampling.period_ns;
	return 1;
}

bool pprof_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct writer writer = {.file = file, .profile = profile};
	bool sampled = value_is_cpu(options->value);
	size_t shown;

	if (deflateInit2(&writer.packer, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		warn("zlib cannot be used: no memory");
		return false;
	}
	choose_types(&writer, sampled);
	shown = sampled ? 1 : writer.type_count - 1;
	for (size_t type = 0; type < writer.type_count; type++) {
		write_type(&writer, PROFILE_SAMPLE_TYPE, writer.types[type]->type, writer.types[type]->unit);
		if (writer.types[type]->value == options->value)
			shown = type;
	}
	write_samples(&writer);
	write_mappings(&writer);
	write_locations(&writer);
	write_functions(&writer);
	message_number(&writer.whole, PROFILE_TIME, profile->view->inputs[0].recording->header.realtime_ns);
	write_type(&writer, PROFILE_PERIOD_TYPE, sampled ? "cpu" : "space", sampled ? "nanoseconds" : "bytes");
	message_number(&writer.whole, PROFILE_PERIOD, sampled ? period_of(profile->view) : 1);
	message_number(&writer.whole, PROFILE_DEFAULT_TYPE, profile_text_of(profile, writer.types[shown]->type));
	write_texts(&writer);
	pack(&writer, Z_FINISH);
	deflateEnd(&writer.packer);
	message_free(&writer.whole);
	message_free(&writer.inner);
	message_free(&writer.innermost);
	return true;
}
