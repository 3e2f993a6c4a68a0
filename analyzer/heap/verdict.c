/* verdict.c: see verdict.h. */
#include "heap/verdict.h"

#define BLOCK_LEAST     16       /* bytes that a block of no size takes all the same */

/* For how many marks it has been growing. */
static double marks_of(const struct instants *instants, const struct growth *growth)
{
	double last = instants->count ? (double)instants->numbers[instants->count - 1] : 0;

	return growth->trend == TREND_GROWING && last > growth->from ? last - growth->from : 0;
}

double verdict_rise(const struct instants *instants, const struct growth *growth)
{
	return marks_of(instants, growth) * (growth->bytes_per_mark ? growth->bytes_per_mark : BLOCK_LEAST * growth->blocks_per_mark);
}

uint64_t verdict_room(const struct wasm_memory *memory)
{
	uint64_t most = memory->maximum_bytes ? memory->maximum_bytes : WASM_BYTES_MOST;

	return most > memory->bytes ? most - memory->bytes : 0;
}

uint64_t verdict_marks(double room, double per_mark)
{
	double marks = per_mark > 0 ? room / per_mark + 0.5 : 0;

	return marks < 9e18 ? (uint64_t)marks : (uint64_t)9e18;
}

static bool is_short(const struct verdict_facts *facts)
{
	return facts->process->instants.kind == INSTANTS_SLICES && facts->run_ns < SHORT_NS;
}

static bool is_sure(const struct growth *growth)
{
	return growth->trend == TREND_GROWING && growth->confidence >= SURE_LEAST;
}

/* 0 if it does not grow by much. */
static double runtime_rise(const struct verdict_facts *facts)
{
	double rise = verdict_rise(&facts->process->instants, &facts->runtime);

	return is_sure(&facts->runtime) && rise >= (facts->collected ? RUNTIME_LEAST : PAGES_LEAST) ? rise : 0;
}

/* ---- leaks ---------------------------------------------------------------------------------------------------- */

static double least_rise(const struct verdict_facts *facts, const struct verdict_site *site)
{
	if (site->domain == DOMAIN_WASM_HEAP) /* a runtime keeps nothing of its own there */
		return BLOCK_LEAST;
	if (site->whose == WHOSE_LIBRARY)
		return LIBRARY_LEAST;
	return facts->has_runtime ? OWN_LEAST : BLOCK_LEAST;
}

/* A mapping of the runtime's is a part of its heap. */
static bool is_candidate(const struct verdict_facts *facts, const struct verdict_site *site, double rise)
{
	return site->whose != WHOSE_RUNTIME && rise >= least_rise(facts, site);
}

/* Is it perhaps only waiting for the collector, or for the end of a short run? */
static bool is_doubtful(const struct verdict_facts *facts, const struct verdict_site *site, double rise)
{
	return is_short(facts) || (facts->garbage && site->collectable && rise < GARBAGE_MOST);
}

/*
 * What surely grows inside linear memories, with what an allocator adds to small blocks: their own growth is explained by
 * it.
 */
static double inside_rise(const struct verdict_facts *facts)
{
	const struct instants *instants = &facts->process->instants;
	double rise = 0;

	for (size_t i = 0; i < facts->site_count; i++) {
		const struct growth *growth = &facts->sites[i].growth;

		if (facts->sites[i].domain == DOMAIN_WASM_HEAP && is_sure(growth))
			rise += marks_of(instants, growth) * (growth->bytes_per_mark + BLOCK_LEAST * growth->blocks_per_mark);
	}
	return rise;
}

/* Is so much growth of a linear memory room for blocks that grow inside it? With what an allocator needs besides. */
static bool is_room(double rise, double inside)
{
	return inside * INSIDE_FACTOR >= rise;
}

/*
 * Is it one of the stacks that let a memory grow whose blocks are told? Memories never shrink, and which stack it is that
 * meets the lack of room is chance: the memory as a whole, and what grows inside it, tell more.
 */
static bool is_growth_of_told(const struct verdict_facts *facts, const struct verdict_site *site)
{
	const struct process_info *process = facts->process;

	for (size_t i = 0; site->domain == DOMAIN_WASM_MEMORY && i < process->wasm_memory_count; i++) {
		const struct wasm_memory *memory = &process->wasm_memories[i];

		if (!memory->heap || memory->heap->no_deaths || memory->heap->dropped.all)
			continue;
		for (size_t g = 0; g < memory->growth_count; g++)
			if (memory->growth[g].stack.index == site->stack.index)
				return true;
	}
	return false;
}

static void find_sites(const struct verdict_facts *facts, struct verdict_evidence *evidence, double inside)
{
	const struct instants *instants = &facts->process->instants;
	const struct verdict_site *library = NULL;
	double own_rise = 0, largest = 0, seems = 0, untold = UNTOLD_LEAST;

	for (size_t i = 0; i < facts->site_count; i++) {
		const struct verdict_site *site = &facts->sites[i];
		double rise = verdict_rise(instants, &site->growth);

		if (site->whose != WHOSE_RUNTIME && verdict_rise(instants, &site->untold) > untold) {
			evidence->untold = site;
			untold = verdict_rise(instants, &site->untold);
		}
		if (!is_candidate(facts, site, rise) || is_growth_of_told(facts, site) ||
		    (site->domain == DOMAIN_WASM_MEMORY && is_room(rise, inside)))
			continue;
		if (!is_sure(&site->growth) || is_doubtful(facts, site, rise)) {
			/* In a short run a single stall of the program makes another picture of its slices of time. */
			if (rise > seems && !is_short(facts)) {
				evidence->seems = site;
				evidence->may_be_garbage = is_sure(&site->growth);
				seems = rise;
			}
			continue;
		}
		if (site->whose == WHOSE_LIBRARY) {
			evidence->library_rise += rise;
			if (rise > largest) {
				largest = rise;
				library = site;
			}
			continue;
		}
		evidence->others++;
		evidence->others_per_mark += site->growth.bytes_per_mark;
		if (rise > own_rise) {
			own_rise = rise;
			evidence->site = site;
		}
	}
	if (evidence->site) {
		evidence->others--;
		evidence->others_per_mark -= evidence->site->growth.bytes_per_mark;
	} else if (library) {
		evidence->site = library;
		evidence->library_rise -= largest;
		own_rise = largest;
	}
	evidence->rise = own_rise;
}

static void find_memory(const struct verdict_facts *facts, struct verdict_evidence *evidence, double inside)
{
	const struct process_info *process = facts->process;
	double largest = 0;

	for (size_t i = 0; i < process->wasm_memory_count; i++) {
		const struct wasm_memory *memory = &process->wasm_memories[i];
		double rise = verdict_rise(&process->instants, &memory->trend), least = evidence->rise;

		/* Its growths are blocks of that domain, too. */
		if (!evidence->memory && evidence->site && evidence->site->domain == DOMAIN_WASM_MEMORY)
			least /= 2;
		if (!is_sure(&memory->trend) || (rise <= least && !is_room(rise, inside)) ||
		    (facts->hidden_memories && facts->hidden_memories[i]))
			continue;
		if (is_room(rise, inside)) {
			if (evidence->site && evidence->site->domain == DOMAIN_WASM_HEAP && rise > largest) {
				evidence->around = memory;
				largest = rise;
			}
			continue;
		}
		evidence->memory = memory;
		evidence->rise = rise;
	}
}

static bool find_leak(const struct verdict_facts *facts, struct verdict_evidence *evidence)
{
	double runtime = runtime_rise(facts), inside = inside_rise(facts);

	find_sites(facts, evidence, inside);
	if (is_short(facts))
		return false;
	if (is_sure(&facts->isolates)) {
		evidence->workers = true;
		evidence->kind = VERDICT_LEAK;
		return true;
	}
	find_memory(facts, evidence, inside);
	if (!evidence->site && !evidence->memory)
		return false;
	if (!evidence->memory && runtime > 0 && runtime >= RUNTIME_FACTOR * (evidence->rise + evidence->library_rise))
		return false;
	evidence->kind = VERDICT_LEAK;
	return true;
}

/* ---- what is none --------------------------------------------------------------------------------------------- */

static bool find_runtime(const struct verdict_facts *facts, struct verdict_evidence *evidence)
{
	double rise = runtime_rise(facts);

	if (!rise || is_short(facts))
		return false;
	evidence->kind = VERDICT_RUNTIME_HEAP;
	evidence->rise = rise;
	return true;
}

/* What the library's own collection freed at the end was not free while the program ran. */
static double freed_at_end(const struct process_info *process)
{
	double bytes = 0;

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].domain == DOMAIN_HEAP)
			bytes += (double)process->sites[i].garbage.bytes;
	return bytes;
}

static bool find_retained(const struct verdict_facts *facts, struct verdict_evidence *evidence)
{
	const struct process_info *process = facts->process;
	const struct ledger *ledger;
	double trimmable;

	if (!process->ledger_count)
		return false;
	ledger = &process->ledgers[process->ledger_count - 1];
	for (size_t i = 0; i < ledger->part_count; i++)
		if (ledger->parts[i].kind == LEDGER_RETAINED) {
			evidence->retained += ledger->parts[i].bytes;
			evidence->trimmable += ledger->parts[i].trimmable;
		}
	trimmable = (double)evidence->trimmable - freed_at_end(process);
	if (trimmable < RETAINED_LEAST || trimmable < RETAINED_SHARE * (double)ledger->rss_bytes)
		return false;
	evidence->kind = VERDICT_RETAINED;
	evidence->ledger = ledger;
	return true;
}

static bool is_cache(const struct verdict_facts *facts, const struct verdict_site *site)
{
	const struct instants *instants = &facts->process->instants;
	double live = (double)site->live_bytes, last = (double)instants->numbers[instants->count - 1];

	return site->whose == WHOSE_OWN && site->domain == DOMAIN_HEAP && site->growth.trend != TREND_GROWING &&
	       live >= CACHE_LEAST && live >= CACHE_SHARE * (double)facts->process->totals.live_bytes &&
	       site->steps >= CACHE_STEPS && (double)site->filled_mark <= last * 3 / 4;
}

static bool find_cache(const struct verdict_facts *facts, struct verdict_evidence *evidence)
{
	const struct verdict_site *largest = NULL;

	if (facts->process->instants.count < MARKS_LEAST || is_short(facts))
		return false;
	for (size_t i = 0; i < facts->site_count; i++)
		if (is_cache(facts, &facts->sites[i]) &&
		    (!largest || facts->sites[i].live_bytes > largest->live_bytes))
			largest = &facts->sites[i];
	if (!largest)
		return false;
	evidence->kind = VERDICT_CACHE;
	evidence->site = largest;
	return true;
}

static bool is_enough(const struct verdict_facts *facts)
{
	const struct process_info *process = facts->process;

	if (facts->incomplete || process->header.flags & TRACE_PROCESS_OWN_HEAP)
		return false;
	if (process->totals.allocs && !process->totals.live_blocks && !process->wasm_memory_count)
		return true;
	return !is_short(facts) && process->instants.count >= MARKS_LEAST;
}

struct verdict_evidence verdict_judge(const struct verdict_facts *facts)
{
	struct verdict_evidence evidence = {0};
	struct verdict_evidence doubt;

	if (find_leak(facts, &evidence))
		return evidence;
	doubt = (struct verdict_evidence){.seems = evidence.seems, .may_be_garbage = evidence.may_be_garbage,
	                                  .untold = evidence.untold};
	evidence = (struct verdict_evidence){0};
	if (find_runtime(facts, &evidence) || find_retained(facts, &evidence) || find_cache(facts, &evidence))
		return evidence;
	evidence = doubt;
	evidence.is_short = is_short(facts);
	evidence.kind = !doubt.seems && is_enough(facts) ? VERDICT_NONE : VERDICT_UNKNOWN;
	return evidence;
}

bool verdict_worse(const struct verdict *a, const struct verdict *b)
{
	static const int weight[] = {
		[VERDICT_UNKNOWN] = 0, [VERDICT_NONE] = 0, [VERDICT_CACHE] = 1, [VERDICT_RETAINED] = 2,
		[VERDICT_RUNTIME_HEAP] = 3, [VERDICT_LEAK] = 4,
	};

	if (weight[a->kind] != weight[b->kind])
		return weight[a->kind] > weight[b->kind];
	return a->weight > b->weight;
}
