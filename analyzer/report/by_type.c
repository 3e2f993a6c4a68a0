/* by_type.c: sites added up by the type of their blocks; see by_type.h. Reads a view and names. */
#include "report/by_type.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "heap/table.h"
#include "names/types_rules.h"
#include "report/suppress.h"
#include "trace/array.h"
#include "util.h"

#define FRAMES_MOST 256       /* of a stack, the innermost */
#define BUFFER_LEAST 4096     /* bytes: what is as large and begins with an object has more in it, as a rule */

static const char *told_name(const struct view_process *process, uint32_t told)
{
	return told < process->info->type_name_count ? process->info->type_names[told] : NULL;
}

char *claimed_type(struct view_process *process, const struct claims *claims)
{
	const char *name = told_name(process, claims->told);

	if (name)
		return xstrdup(name);
	name = claims->vtable ? names_class(process->input->names, process->id, claims->vtable) : NULL;
	if (!name)
		return NULL;
	return !claims->elements ? xstrdup(name) : claims->elements == VTABLE_SEVERAL ? xasprintf("%s[]", name) :
	       xasprintf("%s[%" PRIu32 "]", name, claims->elements);
}

/* Bytes of the smallest live block that begins with an object of the class; 0: none that is known. */
static uint64_t least_of(struct view_process *process, uint32_t vtable)
{
	if (!process->class_least) {
		process->class_least = xcalloc(process->info->vtable_count + 1, sizeof(*process->class_least));
		for (size_t i = 0; i < process->info->site_count; i++) {
			const struct site *site = &process->info->sites[i];
			uint32_t class = site->claims.vtable;
			uint64_t *least = &process->class_least[class < process->info->vtable_count ? class : 0];

			if (site->domain == DOMAIN_HEAP && class && !site->claims.elements && site->range.largest &&
			    (!*least || site->range.smallest < *least))
				*least = site->range.smallest;
		}
	}
	return vtable < process->info->vtable_count ? process->class_least[vtable] : 0;
}

/* Are blocks of these sizes objects of the class, or do they only begin with one: a member, what was put into a buffer? */
static bool fits_class(struct view_process *process, const struct claims *claims, struct block_sizes sizes,
                       struct size_range range)
{
	uint64_t size;

	if (!range.largest && sizes.blocks && sizes.bytes % sizes.blocks == 0)
		range.smallest = range.largest = sizes.bytes / sizes.blocks;
	if (!names_class_size(process->input->names, process->id, claims->vtable, &size) || !range.largest)
		return true;
	if (!claims->elements && claims->among && size && range.largest > size && range.largest / 2 <= size)
		return true;
	if (!claims->elements)
		return size ? range.smallest == size && range.largest == size
		            : range.largest < BUFFER_LEAST && range.smallest <= least_of(process, claims->vtable) &&
		              range.largest / 2 <= range.smallest;
	for (uint64_t cookie = 8; size && cookie <= 16; cookie += 8)
		if (range.smallest > cookie && (range.smallest - cookie) % size == 0 && (range.largest - cookie) % size == 0 &&
		    (claims->elements == VTABLE_SEVERAL || range.largest == cookie + claims->elements * size))
			return true;
	return !size;
}

static const char *evidence_of(struct view_process *process, const struct claims *claims)
{
	uint64_t size;

	if (told_name(process, claims->told))
		return "annotation: the program says so (probe.h)";
	return !names_class_size(process->input->names, process->id, claims->vtable, &size) || size
	       ? "vtable: the blocks begin with the address of this class's virtual functions"
	       : "vtable: the blocks begin with an object of this class; nothing tells how large one is";
}

/* Does the code say the same as the blocks? */
static bool is_agreed(struct view_process *process, const struct claims *claims, const struct block_type *by_code)
{
	const char *class = names_class(process->input->names, process->id, claims->vtable);

	return class && by_code->type && !strcmp(by_code->type, class);
}

/* Is who asked for the memory a function of the class, as "ns::Parser::New" is of "ns::(anonymous namespace)::Parser"? */
static bool is_method(const char *class, const struct frame *frame)
{
	const char *name = class ? strrchr(class, ':') : NULL, *at = frame->function;
	size_t size;

	name = name ? name + 1 : class;
	if (!name || !*name || !at)
		return false;
	size = strlen(name);
	for (const char *from = at; (at = strstr(at, name)); at += size)
		if ((at == from || at[-1] == ':') && !strncmp(at + size, "::", 2))
			return true;
	return false;
}

/* May it be an object whose class would be known if memory had been looked through? */
static bool is_unlooked(const struct view_process *process, enum domain domain, const struct block_type *is,
                        struct block_sizes sizes, const struct frame *first)
{
	return process->info->unlooked && domain == DOMAIN_HEAP && !is->type && !is->evidence && !is->raw && sizes.alive && first &&
	       first->kind == FRAME_NATIVE && (!first->function || strchr(first->function, '('));
}

/* What the program itself says is believed before all else, and what its blocks say before what its code does. */
struct block_type type_of_each(struct view_process *process, enum domain domain, const struct claims *claims,
                               const struct stack *stack, struct block_sizes sizes, struct size_range range)
{
	const struct frame *frames[FRAMES_MOST];
	struct node_id nodes[FRAMES_MOST];
	struct stack_nodes at = {process->input->names, process->id, nodes, 0, range.smallest, range.largest, claims->family};
	size_t count = stack->count < FRAMES_MOST ? stack->count : FRAMES_MOST;
	struct block_type is = {0};
	const char *claimed;
	char *text;

	if (!process->types)
		process->types = types_open();
	for (size_t i = 0; i < count; i++) {
		frames[i] = stack->frames[i].frame;
		if (!i || stack->frames[i].node.index != stack->frames[i - 1].node.index)
			nodes[at.count++] = stack->frames[i].node;
	}
	if ((domain == DOMAIN_HEAP || domain == DOMAIN_WASM_HEAP || domain == DOMAIN_LOG) && !claims->mixed)
		is = types_of_stack(process->types, frames, count, domain == DOMAIN_HEAP ? &at : NULL, sizes);
	else if (domain == DOMAIN_MAP)
		is = types_of_mapping(process->types, frames, count);
	text = is.raw && !told_name(process, claims->told) ? NULL : claimed_type(process, claims);
	if (!text && is_unlooked(process, domain, &is, sizes, count ? frames[0] : NULL))
		is.evidence = types_keep(process->types, xasprintf("vtable: no type: %s", process->info->unlooked));
	if (!text)
		return is;
	claimed = types_keep(process->types, text);
	/* What it begins with is a member of what it is. */
	if (!told_name(process, claims->told) && is.first &&
	    !strcmp(is.first, names_class(process->input->names, process->id, claims->vtable)))
		return is;
	if (!told_name(process, claims->told) && !fits_class(process, claims, sizes, range) &&
	    !(count && is_method(names_class(process->input->names, process->id, claims->vtable), frames[0]))) {
		/* That one was made there is all that debug information knows, too; an allocator's name says that they are several. */
		if (is.type == claimed && !strncmp(is.evidence, "debuginfo", strlen("debuginfo")))
			return (struct block_type){0};
		return is;
	}
	is.survivors = !told_name(process, claims->told) && !is_agreed(process, claims, &is);
	is.type = claimed;
	is.size = 0; /* as it is claimed it is of the whole block */
	is.evidence = evidence_of(process, claims);
	if (is.owner && !strcmp(is.owner, is.type))
		is.owner = NULL;
	return is;
}

struct block_type type_of_blocks(struct view_process *process, enum domain domain, const struct claims *claims,
                                 const struct stack *stack, struct block_sizes sizes, struct size_range range)
{
	struct block_type is = type_of_each(process, domain, claims, stack, sizes, range);

	if (is.size)
		is.type = types_counted(process->types, &is, range.smallest, range.largest);
	return is;
}

/* ---- sums ---------------------------------------------------------------------------------------------------- */

/* Who writes C tells of a "struct conn", and debug information of "conn". */
static const char *without_tag(const char *type)
{
	static const char *const tags[] = {"struct ", "union ", "class ", "enum "};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (*type == *tags[i] && !strncmp(type, tags[i], strlen(tags[i])))
			return type + strlen(tags[i]);
	return type;
}

static int by_name(const void *left, const void *right)
{
	const struct type_sum *a = left, *b = right;

	if (!a->type || !b->type)
		return !!a->type - !!b->type;
	return strcmp(without_tag(a->type), without_tag(b->type));
}

static int by_bytes(const void *left, const void *right)
{
	const struct type_sum *a = left, *b = right;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes < b->live_bytes ? 1 : -1;
	if (a->owned_bytes != b->owned_bytes)
		return a->owned_bytes < b->owned_bytes ? 1 : -1;
	return by_name(left, right);
}

/* The rows so far, one for each type. */
struct rows {
	struct type_sum *list;   size_t count; /* owned */
	struct table index;      /* of the list, by a hash of the name; 1: of NULL */
};

static void merge(struct type_sum *into, const struct type_sum *row)
{
	/* The longer one says more. */
	if (into->type && strlen(row->type) > strlen(into->type))
		into->type = row->type;
	if (!into->types) { /* so far only owned blocks were counted */
		into->types = row->types;
		into->size = row->size;
		into->before = row->before;
	} else if (row->types && (row->size != into->size || row->before != into->before)) {
		into->size = 0;
	}
	size_range_join(&into->range, row->range);
	into->sites += row->sites;
	into->allocs += row->allocs;
	into->frees += row->frees;
	into->alive += row->alive;
	into->alive_only |= row->alive_only;
	into->live_blocks += row->live_blocks;
	into->live_bytes += row->live_bytes;
	into->owned_bytes += row->owned_bytes;
}

static void add(struct rows *rows, struct type_sum row)
{
	const char *name = row.type ? without_tag(row.type) : NULL;
	uint64_t key = name ? XXH3_64bits(name, strlen(name)) | 2 : 1;

	for (;; key += 4) {
		bool existed;
		struct block *entry = table_insert(&rows->index, key, &existed);

		if (!existed) {
			entry->site = (uint32_t)rows->count;
			array_room(rows->list, rows->count);
			rows->list[rows->count++] = row;
			return;
		}
		if (!by_name(&rows->list[entry->site], &row)) {
			merge(&rows->list[entry->site], &row);
			return;
		}
	}
}

static int by_bytes_of(const void *left, const void *right)
{
	return by_bytes(*(const struct type_sum *const *)left, *(const struct type_sum *const *)right);
}

/* Of millions of types the rows are moved once. */
static struct type_sum *in_order(struct rows *rows)
{
	const struct type_sum **order = xcalloc(rows->count + 1, sizeof(*order));
	struct type_sum *sorted = xcalloc(rows->count + 1, sizeof(*sorted));

	for (size_t i = 0; i < rows->count; i++) {
		struct type_sum *row = &rows->list[i];
		struct block_type is = {.type = row->type, .size = row->size, .before = row->before};

		if (is.type && row->types)
			row->type = types_counted(row->types, &is, row->range.smallest, row->range.largest);
		order[i] = row;
	}
	if (rows->count)
		qsort(order, rows->count, sizeof(*order), by_bytes_of);
	for (size_t i = 0; i < rows->count; i++)
		sorted[i] = *order[i];
	free(order);
	free(rows->list);
	table_free(&rows->index);
	return sorted;
}

/* Of what was ever allocated, the mean tells of what size blocks are as well as of those that live. */
static struct block_sizes sizes_of(const struct site *site)
{
	return (struct block_sizes){site->allocs, site->bytes_allocated, site->live_blocks};
}

struct type_sum *view_by_type(const struct view *view, enum domain domain, size_t *count)
{
	struct rows rows = {0};

	table_init(&rows.index);
	for (size_t p = 0; p < view->process_count; p++) {
		struct view_process *process = &view->processes[p];

		for (size_t i = 0; i < process->info->site_count; i++) {
			const struct site *site = &process->info->sites[i];
			struct block_type is;
			struct type_sum row;
			struct stack stack;
			bool hidden;

			if (site->domain != domain || (!site->allocs && !view_blocks(view, site)))
				continue;
			/* Of what left nothing there is nothing to suppress, and looking takes long. */
			hidden = view->suppressions && view_blocks(view, site) &&
			         suppressions_match(view->suppressions, process, site->stack, domain, site->growth.trend);
			if (hidden && domain != DOMAIN_LOG)
				continue;
			stack = stack_resolve(process, site->stack);
			is = type_of_each(process, domain, &site->claims, &stack, sizes_of(site), site->range);
			stack_free(&stack);
			/* Of a log it is said which types were dropped perfectly: what is hidden must not make one so. */
			if (hidden) {
				add(&rows, (struct type_sum){.type = is.type, .alive = site->live_blocks});
				continue;
			}
			row = (struct type_sum){
				.type = is.type, .types = process->types, .size = is.size, .before = is.before, .range = site->range, .sites = 1,
				.allocs = site->allocs, .frees = site->frees, .alive = site->live_blocks, .alive_only = site->alive_only,
				.live_blocks = view_blocks(view, site), .live_bytes = view_bytes(view, site),
			};
			/* Blocks are looked at while they are alive. */
			if (is.survivors && site->frees && site->live_blocks && site->live_blocks <= site->allocs) {
				row.allocs = site->live_blocks;
				row.frees = 0;
				row.alive_only = true;
				add(&rows, (struct type_sum){.allocs = site->allocs - site->live_blocks, .frees = site->frees});
			}
			add(&rows, row);
			if (is.owner)
				add(&rows, (struct type_sum){.type = is.owner, .owned_bytes = view_bytes(view, site)});
		}
	}
	*count = rows.count;
	return in_order(&rows);
}

enum dropping type_dropping(const struct type_sum *sum)
{
	if (sum->alive_only && !sum->frees)
		return DROPPING_UNKNOWN;
	if (!sum->alive)
		return DROPPING_PERFECT;
	return sum->frees ? DROPPING_PARTIAL : DROPPING_NEVER;
}
