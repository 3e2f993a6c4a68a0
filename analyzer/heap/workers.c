/* workers.c: see workers.h. */
#include "heap/workers.h"

#include <stdlib.h>

#include "trace/array.h"

struct end {                     /* of a stream's worker; both UINT64_MAX: it has none */
	uint64_t began, done;    /* ticks: of the collection when its program ended */
};

struct workers {
	struct end *ends;        uint32_t streams; /* by stream; owned */
	struct worker_sum *sums; size_t sum_count; /* by site; owned */
};

struct workers *workers_open(const struct process_info *process, uint32_t streams)
{
	struct workers *workers = NULL;

	for (size_t i = 0; i < process->collection_count; i++) {
		const struct collected *collected = &process->collections[i];

		if (collected->record.why != TRACE_COLLECTED_WORKER || collected->record.stream >= streams)
			continue;
		if (!workers) {
			workers = xcalloc(1, sizeof *workers);
			workers->streams = streams;
			workers->ends = xcalloc(streams, sizeof *workers->ends);
			for (uint32_t stream = 0; stream < streams; stream++)
				workers->ends[stream] = (struct end){UINT64_MAX, UINT64_MAX};
		}
		workers->ends[collected->record.stream] = (struct end){collected->record.began, collected->tick};
	}
	return workers;
}

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	free(workers->ends);
	free(workers->sums);
	free(workers);
}

void workers_death(struct workers *workers, uint32_t stream, uint64_t tick, uint32_t site, uint64_t birth, uint64_t bytes)
{
	const struct end *end = stream < workers->streams ? &workers->ends[stream] : NULL;

	if (!end || tick <= end->done || birth > end->began)
		return;
	while (workers->sum_count <= site) {
		array_room(workers->sums, workers->sum_count);
		workers->sums[workers->sum_count++] = (struct worker_sum){0};
	}
	workers->sums[site].blocks++;
	workers->sums[site].bytes += bytes;
}

struct worker_sum workers_of_site(const struct workers *workers, uint32_t site)
{
	return workers && site < workers->sum_count ? workers->sums[site] : (struct worker_sum){0};
}
