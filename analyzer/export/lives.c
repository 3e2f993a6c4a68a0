/* lives.c: see lives.h. Replays the recording. */
#include "export/lives.h"

#include <stdlib.h>
#include <string.h>

#include "heap/sites.h"
#include "heap/watch.h"
#include "trace/recording.h"
#include "util.h"

struct replay {
	struct lives *lives;
	const struct view_process *process;
	enum domain domain;
	uint64_t step, next;      /* time from point to point, and of the next */
	struct table live;        /* blocks: `tick` is the time of birth, `site` the stack */
};

/* Before what is alive of a stack changes: what it is now was alive at the last peak, if nothing changed since. */
static void settle(const struct lives *lives, struct life *life)
{
	if (life->peak == lives->peak)
		return;
	life->peak_bytes = life->bytes;
	life->peak_blocks = life->blocks;
	life->peak = lives->peak;
}

static void add_point(struct replay *replay)
{
	struct lives *lives = replay->lives;

	if (lives->time < replay->next || lives->point_count + 1 >= LIVES_POINTS)
		return;
	lives->points[lives->point_count++] = (struct lives_point){lives->time, lives->bytes};
	replay->next = (lives->time / replay->step + 1) * replay->step;
}

static void born(struct replay *replay, const struct block *block, uint32_t stack)
{
	struct lives *lives = replay->lives;
	struct life *life = life_of(lives, stack);
	struct block *kept;
	bool existed;

	if (!life)
		return;
	kept = table_insert(&replay->live, block->address, &existed);
	kept->tick = lives->time;
	kept->size = block->size;
	kept->site = stack;
	settle(lives, life);
	life->allocs++;
	life->bytes_allocated += block->size;
	life->blocks++;
	life->bytes += block->size;
	if (life->bytes > life->most_bytes) {
		life->most_bytes = life->bytes;
		life->most_blocks = life->blocks;
	}
	lives->time += block->size;
	lives->bytes += block->size;
	if (lives->bytes > lives->peak_bytes) {
		lives->peak_bytes = lives->bytes;
		lives->peak_time = lives->time;
		lives->peak++;
	}
	add_point(replay);
}

static void died(struct replay *replay, const struct block *block)
{
	struct lives *lives = replay->lives;
	struct block *kept = table_find(&replay->live, block->address);
	struct life *life;

	if (!kept)
		return;
	life = life_of(lives, kept->site);
	settle(lives, life);
	life->blocks--;
	life->bytes -= kept->size;
	life->time += lives->time - kept->tick;
	lives->bytes -= kept->size;
	table_remove(&replay->live, kept);
}

static void changed(void *context, const struct process_info *process, enum block_change change,
                    const struct site_count *site, const struct block *block)
{
	struct replay *replay = context;

	if (site->domain != replay->domain || strcmp(process->stem, replay->process->info->stem) != 0)
		return;
	if (change == BLOCK_BORN)
		born(replay, block, site->stack);
	else if (change == BLOCK_DIES)
		died(replay, block);
}

bool lives_read(struct lives *lives, const struct view *view, int domain, const uint32_t *groups, size_t count)
{
	const struct view_process *process = &view->processes[0];
	struct replay replay = {
		.lives = lives, .process = process,
		.domain = domain >= 0 ? (enum domain)domain : process->info->logged ? DOMAIN_LOG : DOMAIN_HEAP,
	};
	struct block_watch watch = {&replay, changed};
	uint64_t total = 0;
	bool good;

	for (size_t i = 0; i < process->info->site_count; i++)
		if (process->info->sites[i].domain == replay.domain)
			total += process->info->sites[i].bytes_allocated;
	*lives = (struct lives){
		.groups = groups, .group_count = process->info->node_count + TRACE_FIRST_NODE,
		.count = groups ? count : process->info->node_count + TRACE_FIRST_NODE,
	};
	lives->lives = xcalloc(lives->count + 1, sizeof(*lives->lives));
	replay.step = total / (LIVES_POINTS - 1) + 1;
	table_init(&replay.live);
	add_point(&replay);
	good = recording_replay(process->input->recording->dir, &watch);
	for (size_t i = 0; i <= replay.live.mask; i++) {
		const struct block *kept = &replay.live.slots[i];

		if (kept->address)
			life_of(lives, kept->site)->time += lives->time - kept->tick;
	}
	for (size_t i = 0; i < lives->count; i++)
		settle(lives, &lives->lives[i]);
	lives->points[lives->point_count++] = (struct lives_point){lives->time, lives->bytes};
	table_free(&replay.live);
	return good;
}

void lives_free(struct lives *lives)
{
	free(lives->lives);
}
