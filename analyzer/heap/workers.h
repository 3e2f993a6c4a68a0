/*
 * workers.h: what workers of a runtime still held when their programs ended, before the process did. The teardown of their
 * isolates freed it, and so it is no leak of the process; but a worker that runs on would have kept it.
 */
#ifndef PROBE_WORKERS_H
#define PROBE_WORKERS_H

#include "model.h"

struct workers;

/* For a process with `streams` streams; NULL if no worker of it ended before it did. */
struct workers *workers_open(const struct process_info *process, uint32_t streams);
void workers_free(struct workers *workers);

/* A block of the site with this index, born at `birth`, dies at `tick`, by this stream. */
void workers_death(struct workers *workers, uint32_t stream, uint64_t tick, uint32_t site, uint64_t birth, uint64_t bytes);

/* What of the site with this index only their ends freed. */
struct worker_sum workers_of_site(const struct workers *workers, uint32_t site);

#endif
