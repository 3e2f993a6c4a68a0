/* logged.c: see logged.h. A drop names the site and the size of its block, so nothing is remembered of single blocks. */
#include "heap/logged.h"

static bool alloc(struct logged *logged, struct sites *sites, const struct trace_event *event)
{
	struct block block = {.address = event->address, .size = event->size, .tick = event->tick,
	                      .site = site_of(sites, DOMAIN_LOG, event->stack)};

	if (event->size > ADDRESSES_END || logged->bytes_allocated > INT64_MAX - event->size)
		return false;
	site_birth_inside(sites, block.site, block.size);
	site_tell(sites, BLOCK_BORN, block.site, &block);
	logged->allocs++;
	logged->live_blocks++;
	logged->bytes_allocated += event->size;
	logged->live_bytes += event->size;
	if (logged->live_bytes > logged->peak_bytes)
		logged->peak_bytes = logged->live_bytes;
	return true;
}

static bool drop(struct logged *logged, struct sites *sites, const struct trace_event *event)
{
	struct block block = {.address = event->address, .size = event->size, .tick = event->tick,
	                      .site = site_of(sites, DOMAIN_LOG, event->stack)};
	const struct site_count *site = &sites->list[block.site];

	if (site->frees == site->allocs || site->live_bytes < event->size)
		return false;
	site_death_inside(sites, block.site, block.size, false);
	site_tell(sites, BLOCK_DIES, block.site, &block);
	logged->drops++;
	logged->live_blocks--;
	logged->live_bytes -= event->size;
	return true;
}

bool logged_event(struct process_info *process, struct sites *sites, const struct trace_event *event)
{
	if (!process->logged)
		return false;
	return event->detail == TRACE_LOG_ALLOC ? alloc(process->logged, sites, event)
	                                            : drop(process->logged, sites, event);
}
