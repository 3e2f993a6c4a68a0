/* blocks.c: see blocks.h. */
#include "export/blocks.h"

#include <string.h>

#include "heap/sites.h"
#include "heap/watch.h"
#include "names/cache.h"
#include "names/wasm_stacks.h"
#include "trace/recording.h"
#include "util.h"

struct replay {
	const struct view *view;
	const struct view_input *input; /* that is read again */
	const struct block_sink *sink;
	int       domain;         /* wanted; < 0: each process's own */
	enum domain own;          /* of the process */
	const struct process_info *again; /* the process, as it is read again; NULL: none so far */
	struct view_process *process; /* as it was read first; NULL: it was not chosen */
	bool      waits;          /* for what a block is said to be */
	struct cache askers;      /* of blocks in linear memories: by the stack as recorded, the node that it begins at, + 1 */
	struct table live;        /* blocks: `tick` is the id, `site` the stack, `stream` what was told */
	uint64_t  next_id;        /* above all that were given out */
	uint64_t  base;           /* what the ids of a log are raised by: those of an earlier one come before */
};

static struct export_block block_of(const struct block *live)
{
	return (struct export_block){.id = live->tick, .size = live->size, .stack = {live->site}, .told = live->stream};
}

static bool is_over(const struct replay *replay)
{
	return replay->sink->is_over && replay->sink->is_over(replay->sink->context);
}

/* Where the memory was asked for. */
static uint32_t stack_of(struct replay *replay, uint32_t recorded)
{
	struct cache_entry *entry;

	if (replay->own != DOMAIN_WASM_HEAP)
		return recorded;
	entry = cache_at(&replay->askers, &recorded, sizeof recorded);
	if (!entry->value) {
		struct node_id asker = names_wasm_stack(replay->input->recording, replay->input->names, replay->process->id,
		                                        (struct node_id){recorded});

		entry->value = (void *)((uintptr_t)asker.index + 1);
	}
	return (uint32_t)((uintptr_t)entry->value - 1);
}

/* What is still alive at the end of a process, of which nothing was said so far. */
static void end_process(struct replay *replay)
{
	for (size_t i = 0; replay->waits && i <= replay->live.mask; i++)
		if (replay->live.slots[i].address && !is_over(replay)) {
			struct export_block block = block_of(&replay->live.slots[i]);

			replay->sink->alloc(replay->sink->context, &block);
		}
	table_free(&replay->live);
	table_init(&replay->live);
	cache_free(&replay->askers, NULL);
	replay->askers = (struct cache){0};
}

static struct view_process *find(const struct replay *replay, const char *stem)
{
	for (size_t i = 0; i < replay->view->process_count; i++) {
		struct view_process *process = &replay->view->processes[i];

		if (process->input == replay->input && !strcmp(process->info->stem, stem))
			return process;
	}
	return NULL;
}

static void begin_process(struct replay *replay, const struct process_info *again)
{
	end_process(replay);
	replay->again = again;
	replay->process = find(replay, again->stem);
	replay->own = replay->domain >= 0 ? (enum domain)replay->domain : again->logged ? DOMAIN_LOG : DOMAIN_HEAP;
	replay->waits = again->type_name_count > 0;
	replay->base = replay->next_id;
	if (replay->process)
		replay->sink->process(replay->sink->context, replay->process, replay->own);
}

/* A log's own ids stay; and each of its events says all of its block. */
static void logged(struct replay *replay, enum block_change change, const struct site_count *site,
                   const struct block *block)
{
	struct export_block made = {.id = replay->base + block->address, .size = block->size, .stack = {site->stack}};

	if (made.id >= replay->next_id)
		replay->next_id = made.id + 1;
	if (change == BLOCK_BORN)
		replay->sink->alloc(replay->sink->context, &made);
	else
		replay->sink->drop(replay->sink->context, &made);
}

static void born(struct replay *replay, const struct site_count *site, const struct block *block)
{
	bool existed;
	struct block *live = table_insert(&replay->live, block->address, &existed);
	struct export_block made;

	live->size = block->size;
	live->tick = replay->next_id++;
	live->site = stack_of(replay, site->stack);
	live->stream = site->told;
	made = block_of(live);
	if (!replay->waits)
		replay->sink->alloc(replay->sink->context, &made);
}

static void dies(struct replay *replay, const struct block *block)
{
	struct block *live = table_find(&replay->live, block->address);
	struct export_block made;

	if (!live)
		return;
	made = block_of(live);
	if (replay->waits)
		replay->sink->alloc(replay->sink->context, &made);
	replay->sink->drop(replay->sink->context, &made);
	table_remove(&replay->live, live);
}

static void changed(void *context, const struct process_info *process, enum block_change change,
                    const struct site_count *site, const struct block *block)
{
	struct replay *replay = context;
	struct block *live;

	if (process != replay->again)
		begin_process(replay, process);
	if (!replay->process || site->domain != replay->own || is_over(replay))
		return;
	if (replay->own == DOMAIN_LOG) {
		logged(replay, change, site, block);
	} else if (change == BLOCK_BORN) {
		born(replay, site, block);
	} else if (change == BLOCK_DIES) {
		dies(replay, block);
	} else {
		live = table_find(&replay->live, block->address);
		if (live)
			live->stream = site->told;
	}
}

bool blocks_replay(const struct view *view, int domain, const struct block_sink *sink)
{
	struct replay replay = {.view = view, .sink = sink, .domain = domain};
	struct block_watch watch = {&replay, changed};
	bool good = true;

	table_init(&replay.live);
	for (size_t i = 0; good && i < view->input_count && !is_over(&replay); i++) {
		replay.input = &view->inputs[i];
		good = recording_replay(view->inputs[i].recording->dir, &watch);
		end_process(&replay);
		replay.again = NULL;
	}
	table_free(&replay.live);
	return good;
}
