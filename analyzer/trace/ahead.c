/*
 * ahead.c: see ahead.h. A ring of lots, each with some thousand events: one thread fills them, the other takes them. What
 * lies between them is bounded, and as large as a core's cache.
 */
#include "trace/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define LOTS        8
#define LOT_EVENTS  4096u        /* of each; 128 KiB */
#define WORTH_WHILE (1u << 18)   /* events: with fewer a thread costs more than it gives */

struct lot {
	struct trace_event events[LOT_EVENTS]; uint32_t count;
	struct run { uint32_t stream, count; } runs[LOT_EVENTS]; uint32_t run_count;
};

struct ahead {
	struct streams *streams; /* not owned */
	struct lot *lots;        /* LOTS of them; owned */
	struct lot *filling;     /* by the thread */
	pthread_mutex_t lock;    /* protects what follows */
	pthread_cond_t changed;
	size_t   filled, taken;  /* lots so far */
	bool     over;           /* no more will be filled */
};

/* ---- the thread --------------------------------------------------------------------------------------------------- */

static void hand_over(struct ahead *ahead, bool over)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->filled++;
	ahead->over = over;
	pthread_cond_signal(&ahead->changed);
	while (!over && ahead->filled - ahead->taken == LOTS)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	ahead->filling = &ahead->lots[ahead->filled % LOTS];
	pthread_mutex_unlock(&ahead->lock);
	if (!over)
		ahead->filling->count = ahead->filling->run_count = 0;
}

static void keep(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind)
{
	struct ahead *ahead = context;

	(void)behind;
	while (count) {
		struct lot *lot = ahead->filling;
		size_t room = LOT_EVENTS - lot->count, some = count < room ? count : room;

		memcpy(&lot->events[lot->count], events, some * sizeof *events);
		lot->count += (uint32_t)some;
		lot->runs[lot->run_count++] = (struct run){stream, (uint32_t)some};
		events += some;
		count -= some;
		if (lot->count == LOT_EVENTS)
			hand_over(ahead, false);
	}
}

static void *fill(void *argument)
{
	struct ahead *ahead = argument;

	merge(ahead->streams, keep, ahead);
	hand_over(ahead, true);
	return NULL;
}

/* ---- who takes them ----------------------------------------------------------------------------------------------- */

static void give(const struct lot *lot, merge_sink *sink, void *context)
{
	const struct trace_event *at = lot->events, *end = at + lot->count;

	for (uint32_t i = 0; i < lot->run_count; i++) {
		const struct run *run = &lot->runs[i];

		sink(context, run->stream, at, run->count, (size_t)(end - at) - run->count);
		at += run->count;
	}
}

static void take(struct ahead *ahead, merge_sink *sink, void *context)
{
	for (;;) {
		pthread_mutex_lock(&ahead->lock);
		while (ahead->taken == ahead->filled && !ahead->over)
			pthread_cond_wait(&ahead->changed, &ahead->lock);
		if (ahead->taken == ahead->filled) {
			pthread_mutex_unlock(&ahead->lock);
			return;
		}
		pthread_mutex_unlock(&ahead->lock);
		give(&ahead->lots[ahead->taken % LOTS], sink, context);
		pthread_mutex_lock(&ahead->lock);
		/* Who waits for room is woken when there is some more, so that both do not wait by turns. */
		if (++ahead->taken + LOTS / 2 == ahead->filled)
			pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->lock);
	}
}

void merge_ahead(struct streams *streams, merge_sink *sink, void *context)
{
	struct ahead ahead = {.streams = streams};
	uint64_t events = 0;
	pthread_t thread;

	for (size_t i = 0; i < streams->chunk_count; i++)
		events += streams->chunks[i].count;
	if (events < WORTH_WHILE) {
		merge(streams, sink, context);
		return;
	}
	ahead.lots = xmalloc(LOTS * sizeof *ahead.lots);
	ahead.filling = ahead.lots;
	ahead.filling->count = ahead.filling->run_count = 0;
	pthread_mutex_init(&ahead.lock, NULL);
	pthread_cond_init(&ahead.changed, NULL);
	if (pthread_create(&thread, NULL, fill, &ahead) == 0) {
		take(&ahead, sink, context);
		pthread_join(thread, NULL);
	} else {
		merge(streams, sink, context);
	}
	pthread_cond_destroy(&ahead.changed);
	pthread_mutex_destroy(&ahead.lock);
	free(ahead.lots);
}
