/*
 * allocation_log.c: see allocation_log.h. What stands in a line but for size and id is made once for each site. It is
 * written as text, unless reading that (import/log_line.h) would give something else: then as a JSON object.
 */
#include "export/allocation_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/blocks.h"
#include "export/put.h"
#include "import/log_line.h"
#include "names/cache.h"
#include "report/by_type.h"
#include "report/escape.h"
#include "util.h"

struct form {                 /* of a line: around the size and the id; owned */
	char    *before, *between, *after;
	size_t   sizes[3];        /* of these */
};

struct forms { struct form alloc, drop; };

struct writer {
	FILE     *file;           /* not owned */
	struct view_process *process; /* whose blocks come */
	enum domain domain;
	struct cache forms;       /* struct forms by stack and what was told */
	struct forms **plain; size_t plain_count; /* those of which nothing was told, by node id; array owned */
	struct cache sites;       /* the same: struct site of the model, not owned */
	struct log_block check;   /* to read what was made */
};

struct place { char *file; uint32_t line, column; }; /* owned */

static void write_line(FILE *file, const struct form *form, const struct export_block *block)
{
	fwrite_unlocked(form->before, 1, form->sizes[0], file);
	put_number(file, block->size);
	fwrite_unlocked(form->between, 1, form->sizes[1], file);
	put_number(file, block->id);
	fwrite_unlocked(form->after, 1, form->sizes[2], file);
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Of a frame of which no line is known: what a person would call it, without blanks. To be freed. */
static char *symbol(struct view_process *process, const struct stack_frame *at)
{
	const struct frame *frame = at->frame;
	const struct module *module = place_module(process, at->node);
	const char *in = frame->module ? base_name(frame->module) : frame->kind == FRAME_WASM ? "wasm" : "?";
	char *text;

	if (frame->function)
		text = xasprintf("%s(%s)", in, frame->function);
	else if (frame->has_wasm_index)
		text = xasprintf("%s(wasm-function[%" PRIu32 "])", in, at->wasm_index);
	else
		text = xasprintf("%s+0x%" PRIx64, in, frame->address - (module ? module->bias : 0));
	for (char *c = text; *c; c++)
		if (strchr(" \t\r\n", *c))
			*c = '_';
	return text;
}

/* Where the stack's blocks are allocated: the frame that is named in the report. */
static struct place place_of(struct view_process *process, const struct stack *stack)
{
	const struct stack_frame *at = stack->count ? &stack->frames[stack->blame < stack->count ? stack->blame : 0] : NULL;
	const struct frame *frame = at ? at->frame : NULL;

	if (!frame)
		return (struct place){.file = xstrdup("?")};
	if (!frame->file || (!frame->line && frame->kind != FRAME_LOG))
		return (struct place){.file = symbol(process, at)};
	return (struct place){
		.file = xstrdup(frame->file), .line = frame->line, .column = frame->kind == FRAME_LOG ? frame->column : 0,
	};
}

/* ---- forms ----------------------------------------------------------------------------------------------------- */

/* As the text of a JSON string. To be freed. */
static char *quoted(const char *text)
{
	char *valid = escape_utf8(text), *made = xmalloc(strlen(valid) * 6 + 1), *to = made;

	for (const char *at = valid; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = (char)c;
		} else if (c < 0x20) {
			to += sprintf(to, "\\u%04x", c);
		} else {
			*to++ = (char)c;
		}
	}
	*to = '\0';
	free(valid);
	return made;
}

static bool is_text(struct log_text text, const char *wanted)
{
	return text.size == strlen(wanted) && !memcmp(text.at, wanted, text.size);
}

/* Is a line of this form read as what it is to say? */
static bool is_read_back(struct writer *writer, const struct form *form, const struct place *place, const char *type)
{
	char *line = xasprintf("%s1%s1%s", form->before, form->between, form->after);
	const struct log_key *key;
	bool good;

	writer->check.text = line;
	writer->check.size = strlen(line);
	log_block_read(&writer->check);
	key = writer->check.key_count ? &writer->check.keys[0] : NULL;
	good = writer->check.line_count == 1 && writer->check.count == 1 && is_text(key->type, type) &&
	       (!place || (is_text(key->file, place->file) && key->line == place->line && key->column == place->column));
	free(line);
	return good;
}

static void free_form(struct form *form)
{
	free(form->before);
	free(form->between);
	free(form->after);
}

static void free_forms(void *value)
{
	struct forms *forms = value;

	free_form(&forms->alloc);
	free_form(&forms->drop);
	free(forms);
}

static struct form measured(struct form form)
{
	form.sizes[0] = strlen(form.before);
	form.sizes[1] = strlen(form.between);
	form.sizes[2] = strlen(form.after);
	return form;
}

/* Of an ALLOCATE, or, without a place, of a DROP. `type` "" is unknown. */
static struct form make_form(struct writer *writer, const struct place *place, const char *type)
{
	const char *op = place ? "ALLOCATE" : "DROP", *shown = *type ? type : "?";
	struct form form = {.before = xasprintf("@ %s ", op), .after = xstrdup("\n")};
	char *file, *quoted_type;

	if (!place)
		form.between = xasprintf(" %s ", shown);
	else if (place->column)
		form.between = xasprintf(" %s:%" PRIu32 ":%" PRIu32 " %s ", place->file, place->line, place->column, shown);
	else
		form.between = xasprintf(" %s:%" PRIu32 " %s ", place->file, place->line, shown);
	if (is_read_back(writer, &form, place, type))
		return measured(form);
	free_form(&form);
	file = place ? quoted(place->file) : NULL;
	quoted_type = quoted(type);
	form.before = xasprintf("@ {\"op\":\"%s\",\"size\":", op);
	if (place)
		form.between = xasprintf(",\"file\":\"%s\",\"line\":%" PRIu32 ",\"column\":%" PRIu32 ",\"type\":\"%s\",\"id\":", file,
		                         place->line, place->column, quoted_type);
	else
		form.between = xasprintf(",\"type\":\"%s\",\"id\":", quoted_type);
	form.after = xstrdup("}\n");
	free(file);
	free(quoted_type);
	return measured(form);
}

/* ---- sites ----------------------------------------------------------------------------------------------------- */

/* By what was ever allocated there, as in the report's types. */
static struct block_type type_of(struct writer *writer, const struct export_block *block, const struct stack *stack,
                                 const uint32_t key[2])
{
	const struct cache_entry *entry = cache_find(&writer->sites, key, 2 * sizeof *key);
	const struct site none = {0}, *site = entry ? entry->value : &none;

	struct claims claims = site->claims;

	claims.told = block->told;
	return type_of_each(writer->process, writer->domain, &claims, stack,
	                    (struct block_sizes){site->allocs, site->bytes_allocated, site->live_blocks}, site->range);
}

static struct forms *find_forms(struct writer *writer, const struct export_block *block)
{
	uint32_t key[2] = {block->stack.index, block->told};
	struct cache_entry *entry = cache_at(&writer->forms, key, sizeof key);
	struct forms *forms = entry->value;
	struct block_type is;
	struct place place;
	struct stack stack;

	if (forms)
		return forms;
	forms = entry->value = xcalloc(1, sizeof *forms);
	stack = stack_resolve(writer->process, block->stack);
	is = type_of(writer, block, &stack, key);
	place = place_of(writer->process, &stack);
	forms->alloc = make_form(writer, &place, is.type ? is.type : "");
	forms->drop = make_form(writer, NULL, is.type ? is.type : "");
	free(place.file);
	stack_free(&stack);
	return forms;
}

static const struct forms *forms_of(struct writer *writer, const struct export_block *block)
{
	struct forms **plain = !block->told && block->stack.index < writer->plain_count ? &writer->plain[block->stack.index] : NULL;

	if (plain && *plain)
		return *plain;
	if (!plain)
		return find_forms(writer, block);
	return *plain = find_forms(writer, block);
}

static void begin_process(void *context, struct view_process *process, enum domain domain)
{
	struct writer *writer = context;
	char *name = escape_text(*process->info->exe ? process->info->exe : process->info->stem);

	cache_free(&writer->forms, free_forms);
	cache_free(&writer->sites, NULL);
	writer->forms = writer->sites = (struct cache){0};
	free(writer->plain);
	writer->plain_count = process->info->node_count + TRACE_FIRST_NODE;
	writer->plain = xcalloc(writer->plain_count, sizeof *writer->plain);
	writer->process = process;
	writer->domain = domain;
	for (size_t i = 0; i < process->info->site_count; i++) {
		struct site *site = &process->info->sites[i];
		uint32_t key[2] = {site->stack.index, site->claims.told};

		if (site->domain == domain && !site->alive_only)
			cache_at(&writer->sites, key, sizeof key)->value = site;
	}
	fprintf(writer->file, "# %s, domain %s\n", name, domain_name(domain));
	free(name);
}

static void alloc(void *context, const struct export_block *block)
{
	struct writer *writer = context;

	write_line(writer->file, &forms_of(writer, block)->alloc, block);
}

static void drop(void *context, const struct export_block *block)
{
	struct writer *writer = context;

	write_line(writer->file, &forms_of(writer, block)->drop, block);
}

static bool is_over(void *context)
{
	return ferror_unlocked(((struct writer *)context)->file);
}

/* By how much memory grew, if it is one log that is exported; two sizes that are so far apart say it. */
static const struct trace_log *growth_of(const struct view *view)
{
	const struct logged *logged = view->process_count == 1 ? view->processes[0].info->logged : NULL;

	return logged && logged->record.flags ? &logged->record : NULL;
}

bool allocation_log_export(FILE *file, const struct view *view, int domain)
{
	struct writer writer = {.file = file};
	struct block_sink sink = {&writer, begin_process, alloc, drop, is_over};
	const struct trace_log *growth = domain < 0 || domain == DOMAIN_LOG ? growth_of(view) : NULL;
	bool good;

	if (growth)
		fprintf(file, "@ MEMORY %" PRId64 "\n", growth->growth < 0 ? -growth->growth : 0);
	good = blocks_replay(view, domain, &sink);
	if (growth)
		fprintf(file, "@ MEMORY %" PRId64 "\n", growth->growth < 0 ? 0 : growth->growth);
	cache_free(&writer.forms, free_forms);
	cache_free(&writer.sites, NULL);
	free(writer.plain);
	log_block_free(&writer.check);
	return good;
}
