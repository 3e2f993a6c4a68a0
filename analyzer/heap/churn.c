/* churn.c: see churn.h. */
#include "heap/churn.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

void churn_open(struct process_info *process, enum domain domain, uint64_t from, uint64_t to)
{
	struct churn *churn = xcalloc(1, sizeof *churn);

	*churn = (struct churn){.domain = domain, .from = from, .to = to, .ns_per_tick = process->ns_per_tick, .width = 1};
	process->churn = churn;
}

void churn_free(struct churn *churn)
{
	if (churn) {
		free(churn->sites);
		free(churn->streams);
	}
	free(churn);
}

/* ---- streams -------------------------------------------------------------------------------------------------- */

bool churn_is_called(const struct thread_info *thread, const char *wanted)
{
	char *rest;
	unsigned long tid = strtoul(wanted, &rest, 10);

	return (*rest == '\0' && *wanted >= '0' && *wanted <= '9' && tid == thread->tid) ||
	       (thread->name && !strcmp(wanted, thread->name));
}

void churn_stream(struct process_info *process, size_t index, size_t count, struct stream_id id)
{
	struct churn *churn = process->churn;
	struct churn_stream *stream;

	if (!churn->streams) {
		churn->streams = xcalloc(count, sizeof *churn->streams);
		churn->stream_count = count;
	}
	stream = &churn->streams[index];
	*stream = (struct churn_stream){.thread = UINT32_MAX, .left_out = churn->wanted_count > 0};
	for (uint32_t i = 0; i < process->thread_count; i++)
		if (process->threads[i].stream.index == id.index)
			stream->thread = i;
	for (size_t i = 0; stream->thread != UINT32_MAX && i < churn->wanted_count; i++)
		if (churn_is_called(&process->threads[stream->thread], churn->wanted[i]))
			stream->left_out = false;
}

/* The stream that bore a block; NULL: it is not to be counted. */
static struct churn_stream *stream_of(struct churn *churn, enum domain domain, const struct block *block)
{
	struct churn_stream *stream = block->stream < churn->stream_count ? &churn->streams[block->stream] : &churn->other;

	return domain == churn->domain && !stream->left_out ? stream : NULL;
}

/* ---- classes -------------------------------------------------------------------------------------------------- */

uint64_t churn_lifetime_below(unsigned class)
{
	return class + 1 < CHURN_LIFETIMES ? (uint64_t)CHURN_LIFETIME_LEAST << 2 * class : UINT64_MAX;
}

uint64_t churn_size_most(unsigned class)
{
	return class + 1 < CHURN_SIZES ? (uint64_t)CHURN_SIZE_LEAST << 2 * class : UINT64_MAX;
}

unsigned churn_lifetime_class(double ns)
{
	unsigned class = 0;

	while (class + 1 < CHURN_LIFETIMES && ns >= (double)churn_lifetime_below(class))
		class++;
	return class;
}

unsigned churn_size_class(uint64_t bytes)
{
	unsigned class = 0;

	while (bytes > churn_size_most(class))
		class++;
	return class;
}

/* ---- the series ----------------------------------------------------------------------------------------------- */

/* Steps become twice as wide. */
static void widen(struct churn *churn)
{
	for (size_t i = 0; i < CHURN_STEPS / 2; i++) {
		uint64_t a = churn->steps[2 * i], b = churn->steps[2 * i + 1];

		churn->steps[i] = a > b ? a : b;
		a = churn->lows[2 * i];
		b = churn->lows[2 * i + 1];
		churn->lows[i] = a < b ? a : b;
	}
	churn->step_count = CHURN_STEPS / 2;
	churn->width *= 2;
}

static void push(struct churn *churn)
{
	churn->lows[churn->step_count] = churn->live_bytes;
	churn->steps[churn->step_count++] = churn->live_bytes;
}

/* Up to the step that `now` is in, what is alive now was alive all the time. */
static void advance(struct churn *churn, uint64_t now)
{
	if (!churn->step_count) {
		churn->first = now;
		push(churn);
	}
	if (now < churn->first)
		return;
	while ((now - churn->first) / churn->width >= churn->step_count) {
		if (churn->step_count == CHURN_STEPS)
			widen(churn);
		else
			push(churn);
	}
}

/* ---- the peak ------------------------------------------------------------------------------------------------- */

static struct churn_site *site_at(struct churn *churn, size_t site)
{
	if (site >= churn->site_count) {
		size_t count = site * 2 + 64;

		churn->sites = xreallocarray(churn->sites, count, sizeof *churn->sites);
		while (churn->site_count < count)
			churn->sites[churn->site_count++] = (struct churn_site){.settled = churn->peak};
	}
	return &churn->sites[site];
}

/* Before live_bytes of a site changes: if nothing changed since the last peak, it was alive then. */
static void settle(const struct churn *churn, struct churn_site *site)
{
	if (site->settled != churn->peak) {
		site->settled = churn->peak;
		site->peak_bytes = site->live_bytes;
	}
}

static void take_peak(struct churn *churn, uint64_t now)
{
	churn->peak_bytes = churn->live_bytes;
	churn->peak_tick = now;
	churn->peak++;
}

/* Before an event counts. What is alive as the stretch begins is alive within it. */
static void come_to(struct churn *churn, uint64_t now)
{
	if (now <= churn->from && churn->from)
		return;
	churn->last = now;
	if (!churn->begun) {
		uint64_t begin = churn->from ? churn->from : now;

		churn->begun = true;
		advance(churn, begin);
		take_peak(churn, begin);
	}
	advance(churn, now < churn->to ? now : churn->to);
}

static bool is_within(const struct churn *churn, uint64_t tick)
{
	return (tick > churn->from || !churn->from) && tick <= churn->to;
}

/* After one has counted. */
static void look(struct churn *churn, uint64_t now)
{
	if (!is_within(churn, now))
		return;
	if (churn->live_bytes > churn->steps[churn->step_count - 1])
		churn->steps[churn->step_count - 1] = churn->live_bytes;
	if (churn->live_bytes < churn->lows[churn->step_count - 1])
		churn->lows[churn->step_count - 1] = churn->live_bytes;
	if (churn->live_bytes > churn->peak_bytes)
		take_peak(churn, now);
}

/* ---- blocks --------------------------------------------------------------------------------------------------- */

/* The block's site, of which something is about to change. */
static struct churn_site *touch(struct churn *churn, const struct block *block, uint64_t now)
{
	struct churn_site *site;

	come_to(churn, now);
	site = site_at(churn, block->site);
	settle(churn, site);
	return site;
}

void churn_birth(struct churn *churn, enum domain domain, const struct block *block, uint64_t now)
{
	struct churn_stream *stream = stream_of(churn, domain, block);
	struct churn_site *site;

	if (!stream)
		return;
	site = touch(churn, block, now);
	site->live_bytes += block->size;
	churn->live_bytes += block->size;
	if (is_within(churn, block->tick)) {
		site->allocs++;
		site->bytes += block->size;
		site->sizes[churn_size_class(block->size)]++;
		stream->allocs++;
		stream->bytes += block->size;
	}
	look(churn, now);
}

void churn_death(struct churn *churn, enum domain domain, const struct block *block, uint64_t now, bool temporary)
{
	struct churn_stream *stream = stream_of(churn, domain, block);
	struct churn_site *site;

	if (!stream)
		return;
	site = touch(churn, block, now);
	site->live_bytes -= block->size;
	churn->live_bytes -= block->size;
	if (is_within(churn, block->tick)) {
		double ticks = now > block->tick ? (double)(now - block->tick) : 0;
		unsigned class = churn_lifetime_class(ticks * churn->ns_per_tick);

		site->lifetimes[class]++;
		site->temporary += temporary;
		stream->brief += class < CHURN_SHORT;
		stream->temporary += temporary;
	}
	look(churn, now);
}

void churn_retype(struct churn *churn, enum domain domain, const struct block *block, uint32_t to, uint64_t now)
{
	struct churn_site *into, *site;

	if (!stream_of(churn, domain, block))
		return;
	come_to(churn, now);
	site_at(churn, to > block->site ? to : block->site);
	site = site_at(churn, block->site);
	into = site_at(churn, to);
	settle(churn, site);
	settle(churn, into);
	site->live_bytes -= block->size;
	into->live_bytes += block->size;
	if (is_within(churn, block->tick)) {
		site->allocs--;
		into->allocs++;
		site->bytes -= block->size;
		into->bytes += block->size;
		site->sizes[churn_size_class(block->size)]--;
		into->sizes[churn_size_class(block->size)]++;
	}
	/* If the peak is now, what was settled of it as the block was born is settled again. */
	if (is_within(churn, now) && churn->live_bytes == churn->peak_bytes)
		take_peak(churn, now);
}

void churn_ageless(struct churn *churn, enum domain domain, const struct block *block)
{
	struct churn_stream *stream = churn ? stream_of(churn, domain, block) : NULL;

	if (!stream || !is_within(churn, block->tick))
		return;
	site_at(churn, block->site)->lifetimes[0]--;
	stream->brief--;
}

void churn_finish(struct churn *churn, size_t site_count)
{
	if (!churn)
		return;
	/* Nothing happened after it began. */
	if (!churn->begun)
		take_peak(churn, churn->from);
	if (site_count)
		site_at(churn, site_count - 1);
	for (size_t i = 0; i < churn->site_count; i++)
		settle(churn, &churn->sites[i]);
}
