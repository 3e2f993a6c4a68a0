/* hot_threads.c: what each thread allocated, where blocks were counted one by one, or its CPU samples; see hot.h. */
#include "report/hot.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static enum hot_by rank_by(const struct hot *hot)
{
	return hot->options->by == HOT_PEAK ? HOT_BYTES : hot->options->by;
}

static int by_rank(const void *left, const void *right, void *context)
{
	const struct hot_thread *a = left, *b = right;
	uint64_t x = hot_value(&a->counts, rank_by(context)), y = hot_value(&b->counts, rank_by(context));

	if (x != y)
		return x < y ? 1 : -1;
	if (a->process != b->process)
		return a->process > b->process ? 1 : -1;
	return (a->thread > b->thread) - (a->thread < b->thread);
}

/* A handler's stream is its thread's. */
static struct hot_thread *thread_at(struct hot_thread *threads, size_t from, size_t *count, struct hot_thread is)
{
	for (size_t i = from; i < *count; i++)
		if (threads[i].thread == is.thread ||
		    (threads[i].thread && is.thread && threads[i].thread->tid == is.thread->tid))
			return &threads[i];
	threads[*count] = is;
	return &threads[(*count)++];
}

static int by_thread(const void *left, const void *right)
{
	const struct hot_thread *a = left, *b = right;

	return (a->thread > b->thread) - (a->thread < b->thread);
}

/* Threads of one tid that came after each other are several. */
static struct hot_thread *sampled_threads(const struct hot *hot, size_t *count)
{
	struct hot_thread *threads;
	size_t most = 0;

	for (size_t p = 0; p < hot->view->process_count; p++)
		most += hot->view->processes[p].info->cpu ? hot->view->processes[p].info->cpu->row_count : 0;
	threads = xcalloc(most, sizeof(*threads));
	for (size_t p = 0; p < hot->view->process_count; p++) {
		const struct process_info *info = hot->view->processes[p].info;
		size_t rows = info->cpu ? info->cpu->row_count : 0, from = *count;
		struct hot_thread *own = &threads[from];

		for (size_t i = 0; i < rows; i++) {
			const struct cpu_row *row = &info->cpu->rows[i];

			own[i] = (struct hot_thread){
				.process = p, .thread = row->thread < info->thread_count ? &info->threads[row->thread] : NULL,
				.counts.samples = row->samples,
			};
			memcpy(own[i].counts.cpu, row->amounts, sizeof(row->amounts));
		}
		if (rows)
			qsort(own, rows, sizeof(*own), by_thread);
		for (size_t i = 0; i < rows; i++) {
			if (*count > from && threads[*count - 1].thread == own[i].thread)
				hot_add_counts(&threads[*count - 1].counts, &own[i].counts);
			else
				threads[(*count)++] = own[i];
		}
	}
	if (*count)
		qsort_r(threads, *count, sizeof(*threads), by_rank, (void *)hot);
	return threads;
}

struct hot_thread *hot_threads(const struct hot *hot, size_t *count)
{
	size_t most = 0;
	struct hot_thread *threads;

	*count = 0;
	if (hot_is_cpu(hot->options->by))
		return sampled_threads(hot, count);
	for (size_t p = 0; p < hot->view->process_count; p++)
		most += hot->view->processes[p].info->churn ? hot->view->processes[p].info->churn->stream_count : 0;
	threads = xcalloc(most, sizeof(*threads));
	for (size_t p = 0; p < hot->view->process_count; p++) {
		const struct process_info *info = hot->view->processes[p].info;
		size_t from = *count;

		for (size_t i = 0; info->churn && i < info->churn->stream_count; i++) {
			const struct churn_stream *stream = &info->churn->streams[i];
			struct hot_counts counts = {
				.allocs = stream->allocs, .bytes = stream->bytes, .temporary = stream->temporary, .brief = stream->brief,
			};

			if (hot_value(&counts, rank_by(hot)))
				hot_add_counts(&thread_at(threads, from, count, (struct hot_thread){
					.process = p,
					.thread = stream->thread < info->thread_count ? &info->threads[stream->thread] : NULL,
				})->counts, &counts);
		}
	}
	if (*count)
		qsort_r(threads, *count, sizeof(*threads), by_rank, (void *)hot);
	return threads;
}
